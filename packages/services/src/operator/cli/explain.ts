/** `explain`: the story of one payment. */

import { PAYMENT_ID } from "../../shared/payment-id.js";
import { type Command, type CommandCall, EXIT, formatColumns, toJson, UsageError } from "./command.js";
import { type Explanation, explainPayment, isUnknown, type StorySources } from "./explain-payment.js";
import { withOperatorBroker } from "./operator-broker.js";
import { onOperatorDatabase } from "./operator-database.js";
import type { PaymentStory } from "./payment-story.js";
import { unreadyServices } from "./service-health.js";

export const explain: Command = {
  name: "explain",
  summary: "The story of one payment: each step, its decision and entries; for what hangs: where, since when, why.",
  usage: "<payment id>",
  help: `Reads what client-bank, merchant-bank and notification recorded, in one snapshot, and then looks into the broker's
queues for messages of the payment that wait or are dead, where BROKER_URL or a running stack names the broker. What a
service has in hand at this moment is seen in neither. Beside a running stack it asks the services that the payment waits
for whether they are ready. Exit code 1 when nobody knows the payment.
`,
  options: {},
  async run(call) {
    const [id, ...others] = call.positionals;
    if (id === undefined || others.length > 0) throw new UsageError("explain needs one payment id.");
    if (!PAYMENT_ID.test(id)) throw new UsageError(`"${id}" is not a payment id: pay_ and 32 letters or digits.`);
    const { terminal } = call;
    const explanation = await explainPayment(sourcesOf(call), id);
    terminal.out(call.json ? `${toJson(explanation)}\n` : formatStory(explanation));
    return isUnknown(explanation) ? EXIT.wrong : EXIT.ok;
  },
};

function sourcesOf({ configuration, terminal }: CommandCall): StorySources {
  return {
    onDatabase: (work) => onOperatorDatabase(configuration, work),
    onBroker: async (work) => {
      const url = await configuration.knownAuditorUrl();
      if (url === undefined) return undefined;
      try {
        return await withOperatorBroker(url, await configuration.tls(), work);
      } catch (error) {
        const why = error instanceof Error ? error.message : error;
        terminal.err(`The broker's queues could not be looked into: ${why}\n`);
        return undefined;
      }
    },
    unready: async () => {
      const services = (await configuration.runningStack())?.services ?? [];
      const { ca } = (await configuration.tls()).clientOptions();
      return unreadyServices(
        services.map(({ name, health }) => ({ name, url: health })),
        ca,
      );
    },
  };
}

function formatStory(story: Explanation): string {
  const { traceId, timeline, hanging, messages = [], unready } = story;
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
  for (const { deadline, actor, time, reason } of story.extensions) {
    lines.push(`DEADLINE moved to ${deadline.toISOString()} by ${actor} at ${time.toISOString()}: ${reason}`);
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
  if (messages.length > 0) lines.push("");
  for (const { state, queue, messageId, since } of messages) {
    const time = since === null ? "" : ` since ${since.toISOString()}`;
    lines.push(`MESSAGE ${messageId ?? "without an id"} ${state === "dead" ? "is dead" : "waits"} on ${queue}${time}`);
  }
  for (const [service, what] of Object.entries(unready)) lines.push("", `${service} ${what}`);
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
