/** Who did what to the house by hand, and why: kept beside what was changed, in the same transaction. */
import type pg from "pg";
import { type CommandCall, requiredOption } from "./command.js";

/** Who acts, and why. */
export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

export interface Action extends Actor {
  readonly command: string;
  /** What was changed, for example `client c-0001`. */
  readonly subject: string;
}

/** @throws UsageError when --actor or --reason is missing. */
export function actorOf(call: CommandCall): Actor {
  return { actor: requiredOption(call, "actor"), reason: requiredOption(call, "reason") };
}

/** Any number, as long as it is ours: of two commands, the second waits until the first has made the table. */
const ADVISORY_LOCK = 7_361_840_125_511_224n;

/**
 * Adds a row to `operator.actions`, which the first action makes: it belongs to the operator's role, and no service may
 * see it. Call it inside the transaction of the change.
 */
export async function recordAction(client: pg.Client, action: Action): Promise<void> {
  const known = await client.query<{ known: boolean }>(`SELECT to_regclass('operator.actions') IS NOT NULL AS known`);
  if (known.rows[0]?.known !== true) {
    await client.query("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
    await client.query("CREATE SCHEMA IF NOT EXISTS operator");
    await client.query(
      `CREATE TABLE IF NOT EXISTS operator.actions (
         id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
         time timestamptz NOT NULL DEFAULT now(),
         database_role text NOT NULL DEFAULT current_user,
         actor text NOT NULL,
         command text NOT NULL,
         subject text NOT NULL,
         reason text NOT NULL
       )`,
    );
  }
  await client.query("INSERT INTO operator.actions (actor, command, subject, reason) VALUES ($1, $2, $3, $4)", [
    action.actor,
    action.command,
    action.subject,
    action.reason,
  ]);
}
