/** The table of the docs: made from what the runs saw, and read back to see whether it is still true. */
import { fileURLToPath } from "node:url";
import type { BrokerName } from "../harness/broker-under-test.js";

export const TABLE_PAGE = fileURLToPath(new URL("../../../docs/conformance.md", import.meta.url));

/** What one case was seen to be on one broker. */
export interface Result {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  /** The numbers of rhea's faults without whose remedy the case fails. */
  readonly rheaFaults?: string;
  /** Why the rule does not hold, and what is seen instead; without it, it holds. */
  readonly why?: string;
}

const COLUMNS: readonly (readonly [BrokerName, string])[] = [
  ["embedded", "embedded"],
  ["artemis", "Artemis 2.56.0"],
  ["classic", "Classic 6.1.7"],
];
const FIRST_COLUMN = 5;
const HOLDS = "holds";
const ROW = /^\| J-/;
const DIFFERS = /^differs: (\d+)$/;
const NOTE = /^(\d+)\. (.*)$/;

/** Those that the cases cite. */
const RHEA_FAULTS: Readonly<Record<number, string>> = {
  1: "outcomes that differ, settled in one turn, are merged into one",
  4: "`drain` stays set on a receiver once it was used",
  5: "an exception in a message handler drops the connection",
  12: "the states of transactions are printed to the console",
  13: "connecting has no time-out",
};

/** @throws Error when the runs saw different cases. */
export function renderTable(runs: Readonly<Record<BrokerName, readonly Result[]>>): string {
  const notes: string[] = [];
  const cell = (why: string | undefined) => {
    if (why === undefined) return HOLDS;
    if (!notes.includes(why)) notes.push(why);
    return `differs: ${notes.indexOf(why) + 1}`;
  };
  const rows = runs.embedded.map(({ id, section, title, rheaFaults = "" }, index) => {
    const cells = COLUMNS.map(([broker]) => {
      const seen = runs[broker][index];
      if (seen?.id !== id) throw new Error(`The run on ${broker} has no ${id}; run npm test -- --suite conformance.`);
      return cell(seen.why);
    });
    return `| ${[id, section, title, rheaFaults, ...cells].join(" | ")} |`;
  });
  const sums = COLUMNS.map(([broker, label]) => {
    const held = runs[broker].filter(({ why }) => why === undefined).length;
    return `${label} ${held}`;
  });
  return `${[
    "# What holds on which broker",
    "",
    "Each row is a rule of [Jakarta Messaging 3.1](https://jakarta.ee/specifications/messaging/3.1/) in our own words, seen through `@quittance/sdk`. `holds` was seen to hold; `differs` was seen to be as the note with that number says, and the suite fails when it is no longer so. Nothing is skipped.",
    "",
    "To try a broker of your own: `npx @quittance/sdk conformance amqp://localhost:5672`, or `amqps://` with `--username`, `--ca`, `--cert` and `--key`; `--help` lists its options, and `--json` is for programs. It says of each rule whether it passed, failed, or is not supported by the broker: not held, while exactly that is seen instead which is known here. It ends with 0 unless a rule failed. It uses queues and topics of its own names (`--name-prefix`), which the broker must make as they are used. Some rules fill the dead-letter queue, or cut lines: run it on a broker that nobody else depends on.",
    "",
    "Written by `packages/sdk/conformance/write-table.ts` from what `npm test -- --suite conformance` saw; each run compares its own column with this page.",
    "",
    "A number under rhea is that of a fault of rhea 3.0.5, listed below, without whose remedy in the SDK the case was seen to fail. The faults that no case brings out have tests of their own in `packages/sdk/test/rhea-faults`.",
    "",
    `Of ${rows.length} rules hold: ${sums.join(", ")}.`,
    "",
    `| case | JMS 3.1 | rule | rhea | ${COLUMNS.map(([, label]) => label).join(" | ")} |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "## What is seen instead",
    "",
    ...notes.map((note, index) => `${index + 1}. ${note}`),
    "",
    "## The faults of rhea",
    "",
    ...Object.entries(RHEA_FAULTS).map(([number, fault]) => `- ${number}: ${fault}`),
  ].join("\n")}\n`;
}

/** What the page says of one broker. */
export function columnOf(page: string, broker: BrokerName): Result[] {
  const lines = page.split("\n");
  const notes = new Map<string, string>();
  for (const line of lines) {
    const [, number, note] = NOTE.exec(line) ?? [];
    if (number !== undefined && note !== undefined) notes.set(number, note);
  }
  const column = FIRST_COLUMN + COLUMNS.findIndex(([name]) => name === broker);
  return lines
    .filter((line) => ROW.test(line))
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      const [, id = "", section = "", title = "", rheaFaults = ""] = cells;
      const number = DIFFERS.exec(cells[column] ?? "")?.[1];
      const why = number === undefined ? undefined : notes.get(number);
      return { id, section, title, ...(rheaFaults && { rheaFaults }), ...(why === undefined ? {} : { why }) };
    });
}
