/** A dead letter as an operator sees it: who set it aside, when and why, whose payment it is, and what is in it. */
import type { DeadLetter, Message } from "@quittance/sdk";
import { traceIdOf } from "../../platform/log.js";
import { type Channel, deadLetterAddress } from "../../shared/queue-map.js";
import { formatColumns } from "./command.js";
import { maskCardNumbers, maskMessageId } from "./mask-card-numbers.js";

/** A letter, and the channel on whose dead-letter queue it lies. */
export interface FoundLetter {
  readonly channel: Channel;
  readonly letter: DeadLetter;
}

/** What `list` shows of a letter; null where nobody noted it. */
export interface LetterLine {
  readonly messageId: string | null;
  readonly queue: string;
  readonly time: string | null;
  readonly errorClass: string | null;
  readonly reason: string | null;
  readonly processor: string | null;
  readonly attempts: number | null;
  /** The id of the payment or refund that it is about. */
  readonly about: string | null;
  readonly replays: number;
}

/** What `show` adds. */
export interface LetterView extends LetterLine {
  readonly type: string | null;
  readonly priority: number;
  readonly trace: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Ids of payments and refunds. */
const OUR_ID = /(?:pay|ref)_[a-z2-7]{32}/;

/** The id of the payment or refund that a message is about, when it says so where every message of ours does. */
export function subjectOf({ correlationId, text }: Pick<Message, "correlationId" | "text">): string | undefined {
  return OUR_ID.exec(correlationId ?? "")?.[0] ?? OUR_ID.exec(text ?? "")?.[0];
}

export function lineOf({ channel, letter }: FoundLetter): LetterLine {
  const masked = (text: string | undefined) => (text === undefined ? null : maskCardNumbers(text));
  return {
    messageId: letter.messageId === undefined ? null : maskMessageId(letter.messageId),
    queue: deadLetterAddress(channel),
    time: timeOf(letter),
    errorClass: masked(letter.errorClass),
    reason: masked(letter.reason),
    processor: masked(letter.processor),
    attempts: letter.attempts ?? null,
    about: subjectOf(letter.message) ?? null,
    replays: Number(letter.message.properties.replay_count ?? 0),
  };
}

/** When it was set aside, or where that was not noted, when it was sent. */
function timeOf({ timeMs, message }: DeadLetter): string | null {
  const time = timeMs ?? (message.timestampMs > 0 ? message.timestampMs : undefined);
  // Anybody may have written the property: a moment that no date can tell is none.
  return time === undefined || Math.abs(time) > 8.64e15 ? null : new Date(time).toISOString();
}

export function viewOf(found: FoundLetter): LetterView {
  const { message } = found.letter;
  const own = Object.entries(message.properties).filter(([name]) => !name.startsWith("dead_letter_"));
  return {
    ...lineOf(found),
    type: message.type === undefined ? null : maskCardNumbers(message.type),
    priority: message.priority,
    trace: traceIdOf(message.traceparent) ?? null,
    properties: Object.fromEntries(
      own.map(([name, value]) => [
        maskCardNumbers(name),
        name === "replay_time" ? new Date(Number(value)).toISOString() : maskCardNumbers(String(value)),
      ]),
    ),
    body: bodyOf(message),
  };
}

function bodyOf(message: Message): string {
  if (message.bytes !== undefined) return `${message.bytes.length} bytes`;
  const text = message.text ?? (message.body === undefined ? "" : JSON.stringify(message.body, plain));
  return maskCardNumbers((text ?? "").replace(/("sealedCard"\s*:\s*")[^"]*"/g, '$1[sealed]"'));
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "bigint" ? value.toString() : value;
}

export function formatLines(lines: readonly LetterLine[]): string {
  return lines
    .flatMap((line) => [
      [line.time ?? "?", line.queue, line.errorClass ?? "?", line.about ?? "?", line.messageId ?? "without an id"].join(
        "  ",
      ),
      `    ${line.reason ?? "The broker set it aside by itself, and tells no reason."}${line.replays > 0 ? ` (replayed ${line.replays} times)` : ""}`,
    ])
    .join("\n");
}

export function formatView(view: LetterView): string {
  const { properties, body, ...facts } = view;
  return `${formatColumns([
    ...Object.entries(facts).map(([name, value]) => [name, value === null ? "?" : String(value)]),
    ...Object.entries(properties).map(([name, value]) => ["property", `${name} = ${value}`]),
  ])}\n\n${body}\n`;
}
