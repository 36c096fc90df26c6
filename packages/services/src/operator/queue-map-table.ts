/** The queue map as a Markdown table, for docs/payment-cycle.md. */
import { ALL_CHANNELS, type Channel, deadLetterAddress } from "../shared/queue-map.js";

const HEADING = [
  "| channel | kind | priority | delivery | written by | read by | step | dead letters | carries |",
  "|---|---|---|---|---|---|---|---|---|",
];

/** One row for each channel, in the order of the cycle. */
export function queueMapTable(): string {
  return [...HEADING, ...ALL_CHANNELS.map(row)].join("\n");
}

function row(channel: Channel): string {
  const subscribers = channel.subscriptions.map(
    ({ reader, name, selector }) => `${reader} (shared durable \`${name}\`, where \`${selector}\`)`,
  );
  const volatile = channel.kind === "topic" ? " (volatile)" : "";
  const cells = [
    `\`${channel.address}\``,
    channel.kind,
    String(channel.priority),
    channel.deliveryMode,
    channel.writers.join(", "),
    [...channel.readers.map((reader) => `${reader}${volatile}`), ...subscribers].join(", "),
    channel.steps.join(", ") || "beside the cycle",
    channel.deliveryMode === "persistent" ? `\`${deadLetterAddress(channel)}\`` : "none: dropped",
    channel.purpose,
  ];
  return `| ${cells.join(" | ")} |`;
}
