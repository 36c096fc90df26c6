/** Runs one service's migrations while payments go on: the tables that they change are in use. */
import { setTimeout as pause } from "node:timers/promises";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import type pg from "pg";
import type { DatabaseService } from "../topology/system-table.js";
import { databaseOf } from "../topology/system-table.js";

/** Where drizzle notes what was run, one table for each service; no service may look there. */
const MIGRATIONS_SCHEMA = "migrations";

/**
 * How long a migration waits for one lock. Every payment that needs the table waits behind it for as long, so it gives
 * up soon and tries again: long transactions of others end meanwhile, and payments pass.
 */
const LOCK_TIMEOUT_MS = 2_000;
const ATTEMPTS = 20;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Another transaction was in the way, and this one was rolled back: deadlock_detected, lock_not_available. */
const IN_THE_WAY: ReadonlySet<string> = new Set(["40P01", "55P03"]);

export interface RunMigrationsOptions {
  /** Whose migrations they are. */
  readonly service: DatabaseService;
  /** The folder that drizzle-kit wrote. */
  readonly folder: string;
  /** Is called before a further attempt with a sentence for a person. */
  readonly onRetry?: ((sentence: string) => void) | undefined;
}

/**
 * Runs what has not run yet, all of it in one transaction. When a transaction of a payment is in the way, the whole is
 * rolled back and tried again, up to 20 times with growing pauses.
 * @throws Error that says what PostgreSQL said, when a statement fails or others were in the way each time. Nothing has
 *   changed then.
 */
export async function runMigrations(client: pg.Client, options: RunMigrationsOptions): Promise<void> {
  const { service, folder, onRetry } = options;
  await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrate(drizzle(client), {
        migrationsFolder: folder,
        migrationsSchema: MIGRATIONS_SCHEMA,
        migrationsTable: databaseOf(service).role,
      });
      return;
    } catch (error) {
      const { code, sentence } = saidByPostgres(error);
      if (!IN_THE_WAY.has(code ?? "") || attempt === ATTEMPTS) {
        const tries = attempt === 1 ? "" : ` after ${attempt} attempts`;
        throw new Error(`the migrations of ${service} failed${tries}: ${sentence}`, { cause: error });
      }
      onRetry?.(`The migrations of ${service} met other work (${sentence}). They are tried again.`);
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2));
    }
  }
}

/** The statement that failed and the reason; drizzle's own message holds the statement alone. */
function saidByPostgres(error: unknown): { code?: string; sentence: string } {
  if (!(error instanceof Error)) return { sentence: String(error) };
  const cause = error.cause as { code?: string; message?: string } | undefined;
  if (cause?.message === undefined) return { sentence: error.message };
  const statement = (error as { query?: string }).query?.trim().split("\n")[0] ?? "";
  return {
    ...(cause.code !== undefined && { code: cause.code }),
    sentence: `${cause.message} [${cause.code ?? "no SQLSTATE"}] at: ${statement}`,
  };
}
