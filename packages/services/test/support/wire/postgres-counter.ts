/** Counts what passes on one line of PostgreSQL's protocol 3: statements by name, round trips, messages of the client. */
import { PostgresMessages } from "./postgres-messages.js";
import type { LineCounter, Tally } from "./tally.js";

const MESSAGES: Readonly<Record<string, string>> = {
  B: "Bind",
  C: "Close",
  D: "Describe",
  E: "Execute",
  F: "FunctionCall",
  H: "Flush",
  P: "Parse",
  Q: "Query",
  S: "Sync",
};
/** Of a simple statement so much names it. */
const WORDS_OF_A_NAME = 2;

/** A round trip begins with a statement that is sent while the server owes no answer. */
export function postgresCounter(tally: Tally): LineCounter {
  let unanswered = 0;
  let isUnderWay = false;
  const client = new PostgresMessages((type, body) => {
    const name = MESSAGES[type];
    if (name === undefined) return;
    tally.add(`${name} of the protocol`);
    if (!isUnderWay) tally.add("round trips");
    isUnderWay = true;
    if (type === "Q" || type === "S") unanswered += 1;
    if (type === "Q") tally.add(`statement ${nameOfText(body.toString("utf8", 0, body.length - 1))}`);
    if (type === "B") tally.add(`statement ${nameOfBind(body)}`);
  }, true);
  const server = new PostgresMessages((type) => {
    // ReadyForQuery answers a Query or a Sync.
    if (type !== "Z" || unanswered === 0) return;
    unanswered -= 1;
    if (unanswered === 0) isUnderWay = false;
  }, false);
  return { toServer: (bytes) => client.take(bytes), toClient: (bytes) => server.take(bytes) };
}

/** Bind names its portal and then its statement, each ended by a zero byte. */
function nameOfBind(body: Buffer): string {
  const portalEnd = body.indexOf(0);
  const name = body.toString("utf8", portalEnd + 1, body.indexOf(0, portalEnd + 1));
  return name === "" ? "(unnamed)" : name;
}

function nameOfText(text: string): string {
  return text
    .trim()
    .split(/[\s;]+/, WORDS_OF_A_NAME)
    .filter(Boolean)
    .join(" ");
}
