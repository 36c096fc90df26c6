/** `explain`: the story of one payment. */
import { type Command, EXIT, formatColumns, toJson, UsageError } from "./command.js";
import { withOperatorDatabase } from "./operator-database.js";
import { type PaymentStory, readPaymentStory } from "./payment-story.js";
import { type Hanging, hangingOf, type TimelineEvent, timelineOf } from "./payment-timeline.js";
import { unreadyServices } from "./service-health.js";

const PAYMENT_ID = /^pay_[a-z2-7]{32}$/;

export const explain: Command = {
  name: "explain",
  summary: "The story of one payment: each step, its decision and entries; for what hangs: where, since when, why.",
  usage: "<payment id>",
  help: `Reads what client-bank, merchant-bank and notification recorded, in one snapshot. Beside a running stack it asks
the services that the payment waits for whether they are ready. It does not look
into the broker's queues. Exit code 1 when nobody knows the payment.
`,
  options: {},
  async run(call) {
    const [id, ...others] = call.positionals;
    if (id === undefined || others.length > 0) throw new UsageError("explain needs one payment id.");
    if (!PAYMENT_ID.test(id)) throw new UsageError(`"${id}" is not a payment id: pay_ and 32 letters or digits.`);
    const { terminal, configuration } = call;
    const story = await withOperatorDatabase(await configuration.databaseUrl(), (client) =>
      readPaymentStory(client, id),
    );
    const timeline = timelineOf(story);
    const hanging = hangingOf(story);
    const stack = hanging.length > 0 ? await configuration.runningStack() : undefined;
    const unready = stack === undefined ? new Map<string, string>() : await unreadyServices(stack);
    const traceId = story.notifications.find((one) => one.traceId !== null)?.traceId ?? null;
    terminal.out(
      call.json
        ? `${toJson({ ...story, traceId, timeline, hanging, unready: Object.fromEntries(unready) })}\n`
        : formatStory(story, traceId, timeline, hanging, unready),
    );
    return timeline.length === 0 ? EXIT.wrong : EXIT.ok;
  },
};

function formatStory(
  story: PaymentStory,
  traceId: string | null,
  timeline: readonly TimelineEvent[],
  hanging: readonly Hanging[],
  unready: ReadonlyMap<string, string>,
): string {
  const lines = [headingOf(story), ""];
  const began = timeline[0]?.time.getTime() ?? 0;
  for (const event of timeline) {
    const after = `+${event.time.getTime() - began} ms`;
    lines.push(
      formatColumns([
        [event.time.toISOString(), after.padStart(9), event.step.padEnd(2), event.service.padEnd(15), event.decision],
      ]),
    );
    for (const entry of event.entries) {
      lines.push(`${" ".repeat(30)}${entry.direction} ${entry.account} ${entry.amount} ${entry.currency}`);
    }
  }
  if (traceId !== null) lines.push("", `Trace: ${traceId}`);
  for (const one of hanging) {
    const since =
      one.since === null ? "" : `, since ${one.since.toISOString()} (${secondsBetween(one.since, story.time)} s)`;
    lines.push(
      "",
      `WAITS for step ${one.step}, ${one.service}${since}`,
      `  channel: ${one.channel}`,
      `  why: ${one.why}`,
    );
  }
  for (const [service, what] of unready) lines.push("", `${service} ${what}`);
  return `${lines.join("\n")}\n`;
}

function headingOf({ id, payment }: PaymentStory): string {
  if (payment === undefined) return `${id}: client-bank has no record of it`;
  const { state, declineReason, amount, currency, merchantId, clientId } = payment;
  const reason = declineReason === null ? "" : ` (${declineReason})`;
  return `${id}: ${state}${reason}, ${amount} ${currency} in minor units, from ${clientId ?? "an unknown client"} to ${merchantId}`;
}

function secondsBetween(from: Date, to: Date): string {
  return ((to.getTime() - from.getTime()) / 1_000).toFixed(0);
}
