/** `deadlines`: lets payments be captured that come after their deadline. */

import { PAYMENT_ID } from "../../shared/payment-id.js";
import { actorOf } from "./action-record.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  numberOption,
  toJson,
  UsageError,
} from "./command.js";
import { deadlineAt, deadlineInMinutes, type Extension, extendDeadline, sentenceOf } from "./extend-deadline.js";
import { onOperatorDatabase } from "./operator-database.js";
import { showProgress } from "./progress.js";

const DEFAULT_LIMIT = 100;
const MAXIMUM_LIMIT = 100_000;

export const deadlines: Command = {
  name: "deadlines",
  summary: "Let payments be captured that come after their deadline: extend, list.",
  usage: "extend <payment id>... (--minutes <n> | --until <time>) --reason <text> | list [options]",
  help: `A payment that reaches client-bank after its deadline is declined with DEADLINE_PASSED, for its payer may have paid
otherwise since. Where the outage was ours and the merchant wants the money all the same, extend its deadline first, and
then replay its message. Once client-bank has recorded a payment, that stands: no extension changes it.

  extend    Payments that client-bank has not recorded may be captured until then.
  list      Extensions, the newest first.

  --minutes <n>    So many minutes from now, up to 10080 (7 days).
  --until <time>   At this time (RFC 3339), for example 2030-01-31T12:00:00Z, within 7 days.
  --limit <n>      Extensions that are listed [${DEFAULT_LIMIT}].
  --reason <text>  Why it is done: needed to extend.
  --actor <name>   Who does it [the system's user]. Both are kept in client_bank.deadline_extensions and operator.actions.
`,
  options: Object.fromEntries(
    ["minutes", "until", "limit", "actor", "reason"].map((name) => [name, { type: "string" }]),
  ),
  async run(call) {
    const [verb, ...ids] = call.positionals;
    if (verb === "extend") return extend(call, [...new Set(ids)]);
    if (verb === "list") {
      if (ids.length > 0) throw new UsageError("list takes no payment id.");
      return list(call);
    }
    throw new UsageError("deadlines needs one of extend and list.");
  },
};

async function extend(call: CommandCall, ids: readonly string[]): Promise<ExitCode> {
  const by = actorOf(call);
  const moments = [deadlineInMinutes(call, "minutes"), deadlineAt(call, "until")].filter((time) => time !== undefined);
  const [deadline] = moments;
  if (deadline === undefined || moments.length > 1) throw new UsageError("Give either --minutes or --until.");
  const wrong = ids.find((id) => !PAYMENT_ID.test(id));
  if (wrong !== undefined) throw new UsageError(`"${wrong}" is not a payment id: pay_ and 32 letters or digits.`);
  if (ids.length === 0) throw new UsageError("extend needs payment ids.");
  return onOperatorDatabase(call.configuration, async (client) => {
    const extensions: (Extension & { readonly paymentId: string })[] = [];
    const progress = showProgress(call.terminal);
    try {
      for (const [place, paymentId] of ids.entries()) {
        progress.update(place, ids.length, `extend ${paymentId}`);
        extensions.push({ paymentId, ...(await extendDeadline(client, { paymentId, deadline, by })) });
      }
    } finally {
      progress.end();
    }
    call.terminal.out(
      call.json
        ? `${toJson({ deadline, extensions })}\n`
        : extensions.map((one) => `${sentenceOf(one.paymentId, deadline, one)}\n`).join(""),
    );
    return extensions.some(({ outcome }) => outcome === "judged already") ? EXIT.wrong : EXIT.ok;
  });
}

interface ListedExtension {
  readonly paymentId: string;
  readonly deadline: Date;
  readonly actor: string;
  readonly reason: string;
  readonly time: Date;
  /** Null while client-bank has not recorded the payment. */
  readonly state: string | null;
}

async function list(call: CommandCall): Promise<ExitCode> {
  const limit = numberOption(call, "limit", { minimum: 1, maximum: MAXIMUM_LIMIT, otherwise: DEFAULT_LIMIT });
  return onOperatorDatabase(call.configuration, async (client) => {
    const { rows } = await client.query<ListedExtension>(
      `SELECT e.payment_id AS "paymentId", e.deadline, e.actor, e.reason, e.time, p.state
       FROM client_bank.deadline_extensions e LEFT JOIN client_bank.payments p ON p.id = e.payment_id
       ORDER BY e.time DESC, e.payment_id LIMIT $1`,
      [limit],
    );
    const lines = rows.map(({ paymentId, deadline, actor, reason, time, state }) => [
      paymentId,
      `until ${deadline.toISOString()}`,
      state ?? "not recorded",
      `by ${actor} at ${time.toISOString()}: ${reason}`,
    ]);
    call.terminal.out(
      call.json ? `${toJson({ extensions: rows })}\n` : lines.length === 0 ? "" : `${formatColumns(lines)}\n`,
    );
    call.terminal.err(`${rows.length} ${rows.length === 1 ? "extension" : "extensions"}.\n`);
    return EXIT.ok;
  });
}
