/** `import-clients`: opens the accounts of all clients in a CSV file. */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import type pg from "pg";
import { actorOf, recordAction } from "./action-record.js";
import { type RefusedRow, readClientFile } from "./client-file.js";
import { type Command, type CommandCall, EXIT, formatColumns, textOption, toJson, UsageError } from "./command.js";
import type { CardKeys } from "./operator-configuration.js";
import { inTransaction, onOperatorDatabase } from "./operator-database.js";
import { showProgress } from "./progress.js";
import { writeClients } from "./write-clients.js";

/** Rows of one transaction: enough that the round trip costs nothing, few enough that little is done again. */
const BATCH_ROWS = 2_000;

export const importClients: Command = {
  name: "import-clients",
  summary: "Open the accounts of all clients in a CSV file.",
  usage: "<file.csv> --reason <text> [options]",
  help: `The first line of the file names its columns, in any order:

  id               The client's id, for example c-0001.
  name             As on the card, at most 80 characters.
  currency         A code of ISO 4217.
  card_number      12 to 19 digits; spaces and hyphens may stand between them.
  card_expiry      MM/YYYY.
  opening_balance  Minor units that the account begins with [0]. The column may be left out.

  --refused <file>  Where the rows that are not imported are listed, by line, id and reason [<file.csv>.refused.csv].
  --reason <text>   Why it is done, kept in operator.actions.
  --actor <name>    Who does it, kept there as well [the system's user].
  --dry-run         Only says what would become of each row.

A row that is wrong is refused, and the others are imported. The command can be ended at any moment, and run again with
the same file: clients that are there already as the file says are left as they are. It ends with 1 when rows were refused.
Cards are sealed before they are written; they need CARD_FINGERPRINT_KEYS and CARD_STORAGE_KEYS, or the stack of npm start.
The file holds card numbers in clear: delete it when all is imported. Nothing of a card is written to the refused rows.
`,
  options: {
    refused: { type: "string" },
    reason: { type: "string" },
    actor: { type: "string" },
    "dry-run": { type: "boolean" },
  },
  async run(call) {
    const [file, ...others] = call.positionals;
    if (file === undefined) throw new UsageError("import-clients needs a file.");
    if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much.`);
    const dryRun = call.options["dry-run"] === true;
    const action = dryRun
      ? undefined
      : { ...actorOf(call), command: "import-clients", subject: `clients of ${basename(file)}` };
    const keys = await call.configuration.cardKeys();
    return onOperatorDatabase(call.configuration, async (client) => {
      if (action !== undefined) await inTransaction(client, () => recordAction(client, action));
      const summary = await importFile(call, client, { file, keys, dryRun });
      call.terminal.out(call.json ? `${toJson(summary)}\n` : `${formatSummary(summary, dryRun)}\n`);
      return summary.refused === 0 ? EXIT.ok : EXIT.wrong;
    });
  },
};

interface Summary {
  readonly rows: number;
  readonly opened: number;
  readonly thereAlready: number;
  readonly refused: number;
  /** Where they are listed; absent when there are none. */
  readonly refusedFile?: string;
  readonly seconds: number;
  /** The most memory that the command had, in MiB. */
  readonly peakMemory: number;
}

async function importFile(
  call: CommandCall,
  client: pg.Client,
  { file, keys, dryRun }: { readonly file: string; readonly keys: CardKeys; readonly dryRun: boolean },
): Promise<Summary> {
  const began = performance.now();
  const progress = showProgress(call.terminal);
  const refusedFile = textOption(call, "refused") ?? `${file}.refused.csv`;
  const refusals = new RefusedFile(refusedFile);
  let opened = 0;
  let thereAlready = 0;
  let rows = 0;
  try {
    for await (const batch of readClientFile(file, BATCH_ROWS)) {
      const outcome = await writeClients(client, batch.clients, { keys, dryRun });
      const refused = [...batch.refused, ...outcome.refused].sort((one, other) => one.line - other.line);
      await refusals.write(refused);
      rows += batch.clients.length + batch.refused.length;
      opened += outcome.opened;
      thereAlready += outcome.thereAlready;
      progress.update(batch.share, 1, `${rows} rows, ${opened} opened, ${refusals.count} refused`);
    }
  } finally {
    progress.end();
    await refusals.close();
  }
  return {
    ...{ rows, opened, thereAlready, refused: refusals.count },
    ...(refusals.count > 0 && { refusedFile }),
    seconds: Math.round((performance.now() - began) / 100) / 10,
    peakMemory: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
}

function formatSummary(summary: Summary, dryRun: boolean): string {
  return formatColumns([
    ["rows", String(summary.rows)],
    [dryRun ? "would be opened" : "opened", String(summary.opened)],
    ["there already", String(summary.thereAlready)],
    ["refused", `${summary.refused}${summary.refusedFile === undefined ? "" : `, listed in ${summary.refusedFile}`}`],
    ["seconds", String(summary.seconds)],
    ["memory at most", `${summary.peakMemory} MiB`],
  ]);
}

/** The rows that were refused, as CSV; made when there is the first. */
class RefusedFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#count;
  }

  async write(rows: readonly RefusedRow[]): Promise<void> {
    if (rows.length === 0) return;
    if (this.#file === undefined) {
      this.#file = await open(this.#path, "w", 0o600);
      await this.#file.writeFile("line,id,reason\n");
    }
    this.#count += rows.length;
    const lines = rows.map(({ line, id, reason }) => `${line},${id},"${reason.replaceAll('"', '""')}"\n`);
    await this.#file.writeFile(lines.join(""));
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}
