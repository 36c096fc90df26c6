/** `dead-letters`: looks at what was set aside, sends it where it died, or discards it. */
import type { Connection, DeadLetter } from "@quittance/sdk";
import type pg from "pg";
import {
  type Channel,
  DURABLE_CHANNELS,
  deadLetterAddress,
  deadLetterDestination,
  destinationOf,
} from "../../shared/queue-map.js";
import { type Actor, actorOf, findActions, recordAction } from "./action-record.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  numberOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { type FoundLetter, formatLines, formatView, lineOf, subjectOf, viewOf } from "./letter-view.js";
import { maskMessageId } from "./mask-card-numbers.js";
import { withOperatorBroker } from "./operator-broker.js";
import { inTransaction, withOperatorDatabase } from "./operator-database.js";
import { showProgress } from "./progress.js";

const DEFAULT_LIMIT = 100;
const MAXIMUM_LIMIT = 100_000;

export const deadLetters: Command = {
  name: "dead-letters",
  summary: "Messages that were set aside: list, show, replay, discard.",
  usage: "list | show <message id> | replay|discard <message id>... [options]",
  help: `  list      What lies on the dead-letter queues, oldest first.
  show      One letter with its properties and body. Whatever could be a card number is masked.
  replay    Sends letters anew to where they died, with no attempts behind them. On a topic the reader gets it again
            that its selector chooses.
  discard   Takes letters away for good.

Replay and discard are safe to run twice: what was done before is told, and not done again.

  --queue <name>     Only this channel's letters, for example bank-result.
  --selector <text>  Only those that a JMS selector fits, for example "dead_letter_error_class = 'permanent'".
  --all              Replay or discard all of them, at most --limit; it needs --queue.
  --limit <n>        Letters of each queue [${DEFAULT_LIMIT}].
  --reason <text>    Why it is done: needed to replay and discard.
  --actor <name>     Who does it [the system's user]. Both are kept in operator.actions, before anything is done, and told
                     in a line on standard error; a replayed message has them as properties replay_actor and
                     replay_reason.
`,
  options: {
    ...Object.fromEntries(["queue", "selector", "limit", "actor", "reason"].map((name) => [name, { type: "string" }])),
    all: { type: "boolean" },
  },
  async run(call) {
    const [verb, ...ids] = call.positionals;
    if (verb === "list") {
      if (ids.length > 0) throw new UsageError("list takes no message id.");
      return onBroker(call, (connection) => list(call, connection));
    }
    if (verb === "show") {
      if (ids.length !== 1) throw new UsageError("show needs one message id.");
      return onBroker(call, (connection) => show(call, connection, ids[0] as string));
    }
    if (verb === "replay" || verb === "discard") return change(call, verb, ids);
    throw new UsageError("dead-letters needs one of list, show, replay and discard.");
  },
};

async function onBroker(call: CommandCall, work: (connection: Connection) => Promise<ExitCode>): Promise<ExitCode> {
  return withOperatorBroker(await call.configuration.brokerUrl(), work);
}

/** The channels that --queue names, by their own address or that of their dead-letter queue; all of them without it. */
function channelsOf(call: CommandCall): readonly Channel[] {
  const name = textOption(call, "queue");
  if (name === undefined) return DURABLE_CHANNELS;
  const found = DURABLE_CHANNELS.filter((channel) => channel.address === name || deadLetterAddress(channel) === name);
  if (found.length > 0) return found;
  throw new UsageError(
    `There is no "${name}": --queue is one of ${DURABLE_CHANNELS.map(({ address }) => address).join(", ")}.`,
  );
}

/** Looks at the queues one after the other. */
async function find(call: CommandCall, connection: Connection): Promise<FoundLetter[]> {
  const maximum = numberOption(call, "limit", { minimum: 1, maximum: MAXIMUM_LIMIT, otherwise: DEFAULT_LIMIT });
  const selector = textOption(call, "selector");
  const found: FoundLetter[] = [];
  for (const channel of channelsOf(call)) {
    const letters = await connection
      .deadLetters(deadLetterDestination(channel))
      .list({ maximum, ...(selector !== undefined && { selector }) });
    found.push(...letters.map((letter) => ({ channel, letter })));
  }
  return found;
}

async function list(call: CommandCall, connection: Connection): Promise<ExitCode> {
  const lines = (await find(call, connection)).map(lineOf);
  call.terminal.out(
    call.json ? `${toJson({ letters: lines })}\n` : lines.length === 0 ? "" : `${formatLines(lines)}\n`,
  );
  call.terminal.err(`${lines.length} ${lines.length === 1 ? "letter" : "letters"}.\n`);
  return EXIT.ok;
}

async function show(call: CommandCall, connection: Connection, id: string): Promise<ExitCode> {
  const found = await findOne(call, connection, id);
  if (found === undefined) {
    call.terminal.err(`There is no letter ${maskMessageId(id)}.\n`);
    return EXIT.wrong;
  }
  const view = viewOf(found);
  call.terminal.out(call.json ? `${toJson(view)}\n` : formatView(view));
  return EXIT.ok;
}

async function findOne(call: CommandCall, connection: Connection, id: string): Promise<FoundLetter | undefined> {
  for (const channel of channelsOf(call)) {
    const letter = await connection.deadLetters(deadLetterDestination(channel)).read(id);
    if (letter !== undefined) return { channel, letter };
  }
  return undefined;
}

type Verb = "replay" | "discard";

/** How it went with one letter. */
interface Done {
  readonly messageId: string;
  readonly queue: string | null;
  readonly outcome: "replayed" | "discarded" | "done before" | "not found";
}

async function change(call: CommandCall, verb: Verb, ids: readonly string[]): Promise<ExitCode> {
  const by = actorOf(call);
  const all = call.options.all === true;
  if (all === ids.length > 0) throw new UsageError(`${verb} needs message ids, or --all with --queue.`);
  if (all && textOption(call, "queue") === undefined) throw new UsageError("--all needs --queue.");
  const databaseUrl = await call.configuration.databaseUrl();
  return onBroker(call, (connection) =>
    withOperatorDatabase(databaseUrl, async (database) => {
      const tools = { call, connection, database, verb, by };
      const done: Done[] = [];
      const progress = showProgress(call.terminal);
      try {
        const wanted = all
          ? (await find(call, connection)).flatMap(({ letter }) => letter.messageId ?? [])
          : [...new Set(ids)];
        for (const [place, id] of wanted.entries()) {
          progress.update(place, wanted.length, `${verb} ${maskMessageId(id)}`);
          done.push(await changeOne(tools, id));
        }
      } finally {
        progress.end();
      }
      call.terminal.out(
        call.json
          ? `${toJson({ letters: done })}\n`
          : done.map(({ messageId, outcome }) => `${messageId}: ${outcome}\n`).join(""),
      );
      return done.some(({ outcome }) => outcome === "not found") ? EXIT.wrong : EXIT.ok;
    }),
  );
}

interface Tools {
  readonly call: CommandCall;
  readonly connection: Connection;
  readonly database: pg.Client;
  readonly verb: Verb;
  readonly by: Actor;
}

/** Records the action before it is done: nothing that was done can be without a record. */
async function changeOne(tools: Tools, id: string): Promise<Done> {
  const { call, connection, database, verb, by } = tools;
  const messageId = maskMessageId(id);
  const found = await findOne(call, connection, id);
  if (found === undefined) return toldBefore(tools, id);
  const queue = deadLetterAddress(found.channel);
  const command = `dead-letters ${verb}`;
  await inTransaction(database, () =>
    recordAction(database, { ...by, command, subject: subjectFor(found.letter, queue) }),
  );
  const letters = connection.deadLetters(deadLetterDestination(found.channel));
  const there =
    verb === "discard"
      ? await letters.discard(id)
      : await letters.replay(id, {
          to: destinationOf(found.channel),
          properties: { replay_actor: by.actor, replay_reason: by.reason },
        });
  const outcome = !there ? "done before" : verb === "replay" ? "replayed" : "discarded";
  const line = { level: "info", time: new Date(), service: "operator", msg: command, outcome, ...by, messageId, queue };
  call.terminal.err(`${JSON.stringify({ ...line, about: subjectOf(found.letter.message) })}\n`);
  return { messageId, queue, outcome };
}

const SUBJECT = (id: string) => `letter ${maskMessageId(id)} `;

function subjectFor({ messageId = "", message }: DeadLetter, queue: string): string {
  const about = subjectOf(message);
  return `${SUBJECT(messageId)}on ${queue}${about === undefined ? "" : `, of ${about}`}`;
}

/** A letter that is not there: who took it away, as far as that is recorded. */
async function toldBefore({ call, database }: Tools, id: string): Promise<Done> {
  const messageId = maskMessageId(id);
  const last = (await findActions(database, SUBJECT(id))).at(-1);
  if (last === undefined) {
    call.terminal.err(`There is no letter ${messageId}.\n`);
    return { messageId, queue: null, outcome: "not found" };
  }
  call.terminal.err(
    `The letter ${messageId} is gone: ${last.command} by ${last.actor} at ${last.time.toISOString()}, ${last.reason}\n`,
  );
  return { messageId, queue: null, outcome: "done before" };
}
