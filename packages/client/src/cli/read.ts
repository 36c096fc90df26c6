/** `get`, `list` and `watch`: look at payments and refunds. */
import type { Payment, Refund } from "../gen/resources.js";
import { type Command, type CommandCall, EXIT, onlyPositional, textOption, UsageError } from "./command.js";
import { jsonLine, paymentText, refundText, resourceLine } from "./show.js";

const DEFAULT_LIMIT = 20;

export const get: Command = {
  name: "get",
  summary: "Shows a payment or a refund.",
  usage: "<payment id | refund id>",
  help: "The id is that which pay or refund showed: pay_... or ref_...",
  options: {},
  async run(call) {
    const id = onlyPositional(call, "The id of a payment or refund");
    const { client, json, terminal } = call;
    if (id.startsWith("ref_")) {
      const refund = await client.refunds.get(id);
      terminal.out(json ? jsonLine(refund) : refundText(refund, terminal));
    } else {
      const payment = await client.payments.get(id);
      terminal.out(json ? jsonLine(payment) : paymentText(payment, terminal));
    }
    return EXIT.ok;
  },
};

export const list: Command = {
  name: "list",
  summary: "Lists payments or refunds, the newest first.",
  usage: "[payments | refunds] [options]",
  help: `  --state <state>        For example succeeded.
  --reference <text>     Only those with this reference of your own.
  --request-id <id>      Only those that were asked for with it.
  --payment <id>         Of refunds: only those of this payment.
  --last-four <digits>   Of payments: only those with a card that ends so.
  --from <time>          Only those that were made at this time or later, for example 2026-05-15.
  --to <time>            Only those that were made before it.
  --limit <n>            At most so many [${DEFAULT_LIMIT}].`,
  options: {
    state: { type: "string" },
    reference: { type: "string" },
    "request-id": { type: "string" },
    payment: { type: "string" },
    "last-four": { type: "string" },
    from: { type: "string" },
    to: { type: "string" },
    limit: { type: "string" },
  },
  async run(call) {
    const { json, terminal } = call;
    const limit = limitOf(call);
    let count = 0;
    for await (const resource of listed(call, limit)) {
      terminal.out(json ? jsonLine(resource) : resourceLine(resource, terminal));
      count += 1;
      if (count === limit) break;
    }
    if (count === 0) terminal.err("There are none.\n");
    return EXIT.ok;
  },
};

export const watch: Command = {
  name: "watch",
  summary: "Follows a payment or a refund until it is final.",
  usage: "<payment id | refund id>",
  help: "Shows it as it is, and each change. Ends with 1 when it is declined.",
  options: {},
  async run(call) {
    const { client, json, terminal } = call;
    const id = onlyPositional(call, "The id of a payment or refund");
    const states: AsyncIterable<Payment | Refund> = id.startsWith("ref_")
      ? client.refunds.watch(id)
      : client.payments.watch(id);
    let last: Payment | Refund | undefined;
    for await (const resource of states) {
      terminal.out(json ? jsonLine(resource) : resourceLine(resource, terminal));
      last = resource;
    }
    return last?.state === "DECLINED" ? EXIT.wrong : EXIT.ok;
  },
};

function listed(call: CommandCall, limit: number): AsyncIterable<Payment | Refund> {
  const what = call.positionals.length === 0 ? "payments" : onlyPositional(call, "Kind of what to list");
  const filter = {
    state: textOption(call, "state")?.toUpperCase(),
    clientReference: textOption(call, "reference"),
    requestId: textOption(call, "request-id"),
    startTime: timeOption(call, "from"),
    endTime: timeOption(call, "to"),
    pageSize: Math.min(limit, 100),
  };
  const payment = textOption(call, "payment");
  const cardLastFour = textOption(call, "last-four");
  if (what === "payments" && payment === undefined) return call.client.payments.list({ ...filter, cardLastFour });
  if (what === "refunds" && cardLastFour === undefined) return call.client.refunds.list({ ...filter, payment });
  throw new UsageError("There are payments, which --last-four is for, and refunds, which --payment is for.");
}

function limitOf(call: CommandCall): number {
  const text = textOption(call, "limit") ?? String(DEFAULT_LIMIT);
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--limit is "${text}": it must be 1 or more.`);
}

function timeOption(call: CommandCall, name: string): Date | undefined {
  const text = textOption(call, name);
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`--${name} is "${text}": write a time as 2026-05-15T10:00:00Z.`);
  return time;
}
