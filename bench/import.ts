/** How long it takes to import clients from a CSV file: in one run, and killed halfway and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DATABASE_ROLES, migrate } from "@quittance/services/dist/operator/migrate.js";
import { luhnCheckDigit } from "@quittance/services/dist/shared/luhn.js";
import { startGuardian } from "@quittance/services/dist/stack/guardian.js";
import { startPostgres } from "@quittance/services/dist/stack/postgres.js";
import { randomPassword } from "@quittance/services/dist/stack/secrets.js";
import pg from "pg";
import { until } from "./offered-load.js";

const MAIN = fileURLToPath(import.meta.resolve("@quittance/services/dist/operator/cli/main.js"));
/** How long the import that is killed may take to come to its half. */
const HALFWAY_TIMEOUT_MS = 600_000;

/** @returns `seconds` and `peakMemory` (MiB) as the command says them. */
export async function benchImport(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({ args: [...args], options: { clients: { type: "string", default: "1000000" } } });
  const clients = Number(values.clients);
  const guardian = startGuardian();
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-import-"));
  const postgres = await startPostgres({ guardian });
  try {
    const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, randomPassword()]));
    await migrate({ adminUrl: postgres.url, passwords });
    const file = join(folder, "clients.csv");
    await pipeline(Readable.from(rowsOf(clients)), createWriteStream(file));
    const key = () => `bench=${randomBytes(32).toString("base64")}`;
    const environment = { DATABASE_URL: postgres.url, CARD_FINGERPRINT_KEYS: key(), CARD_STORAGE_KEYS: key() };
    const start = () =>
      spawn(process.execPath, [MAIN, "import-clients", file, "--reason", "bench", "--json"], {
        env: environment,
        stdio: ["ignore", "pipe", "inherit"],
      });
    const database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
    const atOnce = await answerOf(start());
    await database.query("DELETE FROM client_bank.clients");
    await killHalfway(start(), async () => (await countOf(database)) >= clients / 2);
    const afterKill = await answerOf(start());
    const opened = await countOf(database);
    await database.end();
    return { clients, atOnce, afterKill, opened };
  } finally {
    await postgres.stop();
    await guardian.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function* rowsOf(clients: number): Generator<string> {
  yield "id,name,currency,card_number,card_expiry,opening_balance\n";
  for (let n = 0; n < clients; n++) {
    const payload = `4${String(n).padStart(14, "0")}`;
    yield `c-${n},Client ${n},EUR,${payload}${luhnCheckDigit(payload)},12/2040,${n % 1_000}\n`;
  }
}

/** @throws Error where the import ends by itself: nothing would be left for a second run. */
async function killHalfway(child: ChildProcess, isHalfway: () => Promise<boolean>): Promise<void> {
  const exited = once(child, "exit");
  await until(HALFWAY_TIMEOUT_MS, async () => child.exitCode !== null || (await isHalfway()));
  child.kill("SIGKILL");
  const [, signal] = await exited;
  if (signal !== "SIGKILL") throw new Error("The import ended before it could be killed halfway: take more --clients.");
}

async function countOf(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ n: number }>("SELECT count(*)::int AS n FROM client_bank.clients");
  return rows[0]?.n ?? 0;
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, "close");
  return JSON.parse(text);
}
