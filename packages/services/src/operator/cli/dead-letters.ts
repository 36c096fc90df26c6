/** `dead-letters`: looks at what was set aside, sends it where it died, or discards it. */
import type { Connection } from "@quittance/sdk";
import { actorOf } from "./action-record.js";
import { BEFORE_THE_DEADLINE, type Verb } from "./change-letter.js";
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
import { deadlineInMinutes } from "./extend-deadline.js";
import { channelsOf, findLetter, findLetters, searchOf } from "./find-letters.js";
import { formatLines, formatView, lineOf, viewOf } from "./letter-view.js";
import { maskMessageId } from "./mask-card-numbers.js";
import { withOperatorBroker } from "./operator-broker.js";
import { withOperatorDatabase } from "./operator-database.js";
import { changeAllLetters, changeLetters } from "./replay-letters.js";

const DEFAULT_LIMIT = 100;
const MAXIMUM_LIMIT = 100_000;

export const deadLetters: Command = {
  name: "dead-letters",
  summary: "Messages that were set aside: list, show, replay, discard.",
  usage: "list | show <message id> | replay|discard <message id>... [options]",
  help: `  list      What is on the dead-letter queues, oldest first.
  show      One letter with its properties and body. Whatever could be a card number is masked.
  replay    Sends letters again to where they died, with no attempts behind them. On a topic the reader gets it again
            that its selector chooses.
  discard   Takes letters away for good.

Replay and discard are safe to run twice: what was done before is told, and not done again.

  --queue <name>     Only this channel's letters, for example bank-result.
  --selector <text>  Only those that a JMS selector fits, for example "dead_letter_error_class = 'permanent'".
  --all              Replay or discard all of them, at most --limit; it needs --queue. At the end it says how many were
                     done, how many are left, and why it stopped.
  --limit <n>        Letters of each queue [${DEFAULT_LIMIT}].
  --extend-deadline <minutes>
                     Replay: let the payments be captured until so many minutes from now, although their deadline has
                     passed (see deadlines --help). For letters of payment and validation-result.
  --reason <text>    Why it is done: needed to replay and discard.
  --actor <name>     Who does it [the system's user]. Both are kept in operator.actions, before anything is done, and told
                     in a line on standard error; a replayed message has them as properties replay_actor and
                     replay_reason.
`,
  options: {
    ...Object.fromEntries(
      ["queue", "selector", "limit", "extend-deadline", "actor", "reason"].map((name) => [name, { type: "string" }]),
    ),
    all: { type: "boolean" },
  },
  async run(call) {
    const [verb, ...ids] = call.positionals;
    if (verb === "list") {
      if (ids.length > 0) throw new UsageError("list takes no message id.");
      return withOperatorBroker(await call.configuration.auditorUrl(), await call.configuration.tls(), (connection) =>
        list(call, connection),
      );
    }
    if (verb === "show") {
      if (ids.length !== 1) throw new UsageError("show needs one message id.");
      return withOperatorBroker(await call.configuration.auditorUrl(), await call.configuration.tls(), (connection) =>
        show(call, connection, ids[0] as string),
      );
    }
    if (verb === "replay" || verb === "discard") return change(call, verb, ids);
    throw new UsageError("dead-letters needs one of list, show, replay and discard.");
  },
};

function limitOf(call: CommandCall): number {
  return numberOption(call, "limit", { minimum: 1, maximum: MAXIMUM_LIMIT, otherwise: DEFAULT_LIMIT });
}

async function list(call: CommandCall, connection: Connection): Promise<ExitCode> {
  const lines = (await findLetters(connection, searchOf(call), limitOf(call))).map(lineOf);
  call.terminal.out(
    call.json ? `${toJson({ letters: lines })}\n` : lines.length === 0 ? "" : `${formatLines(lines)}\n`,
  );
  call.terminal.err(`${lines.length} ${lines.length === 1 ? "letter" : "letters"}.\n`);
  return EXIT.ok;
}

async function show(call: CommandCall, connection: Connection, id: string): Promise<ExitCode> {
  const found = await findLetter(connection, channelsOf(call), id);
  if (found === undefined) {
    call.terminal.err(`There is no letter ${maskMessageId(id)}.\n`);
    return EXIT.wrong;
  }
  const view = viewOf(found);
  call.terminal.out(call.json ? `${toJson(view)}\n` : formatView(view));
  return EXIT.ok;
}

/** Sends letters where they died, or takes them away. */
async function change(call: CommandCall, verb: Verb, ids: readonly string[]): Promise<ExitCode> {
  const by = actorOf(call);
  const all = call.options.all === true;
  if (all === ids.length > 0) throw new UsageError(`${verb} needs message ids, or --all with --queue.`);
  const [channel] = channelsOf(call);
  if (all && (textOption(call, "queue") === undefined || channel === undefined)) {
    throw new UsageError("--all needs --queue.");
  }
  const deadline = deadlineOf(call, verb);
  const limit = limitOf(call);
  const databaseUrl = await call.configuration.databaseUrl();
  const tls = await call.configuration.tls();
  return withOperatorBroker(await call.configuration.brokerUrl(), await call.configuration.tls(), (connection) =>
    withOperatorDatabase(databaseUrl, tls, (database) => {
      const tools = { call, connection, database, verb, by, deadline };
      return all && channel !== undefined ? changeAllLetters(tools, channel, limit) : changeLetters(tools, ids);
    }),
  );
}

/** Until when --extend-deadline lets the payments of replayed letters be captured. */
function deadlineOf(call: CommandCall, verb: Verb): Date | undefined {
  const deadline = deadlineInMinutes(call, "extend-deadline");
  if (deadline === undefined) return undefined;
  if (verb !== "replay") throw new UsageError("--extend-deadline is for replay.");
  const wanted = textOption(call, "queue") === undefined ? undefined : channelsOf(call);
  if (wanted?.some(({ address }) => !BEFORE_THE_DEADLINE.includes(address))) {
    throw new UsageError(
      `--extend-deadline is for letters of ${BEFORE_THE_DEADLINE.join(" and ")}: no other step judges it.`,
    );
  }
  return deadline;
}
