/** A received message as a log or a debugger shows it: its headers, and as much of its body as tells which one it is. */
import type { MessageBase } from "../message.js";

/** Characters of a body, or of a property, that are shown. */
const SHOWN_CHARACTERS = 200;
const SHOWN_BYTES = 32;

/** Fields without a value are left out. */
export function describeMessage(message: MessageBase): Readonly<Record<string, unknown>> {
  const { timestampMs, expirationMs, destination, replyTo, properties } = message;
  const names = Object.entries(properties).map(([name, value]) => [name, shownValue(value)]);
  const fields = {
    kind: message.kind,
    messageId: message.messageId,
    correlationId: message.correlationId,
    type: message.type,
    destination: `${destination.kind} ${destination.address}`,
    replyTo: replyTo && `${replyTo.kind} ${replyTo.address}`,
    priority: message.priority,
    deliveryMode: message.deliveryMode,
    timestamp: timeText(timestampMs),
    expiration: timeText(expirationMs),
    groupId: message.groupId,
    groupSequence: message.groupSequence,
    userId: message.userId,
    deliveryCount: message.deliveryCount,
    redelivered: message.redelivered,
    traceparent: message.traceparent,
    contentType: message.contentType,
    contentEncoding: message.contentEncoding,
    properties: names.length === 0 ? undefined : Object.fromEntries(names),
    body: shownBody(message.body),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function shownBody(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string") return cut(body);
  if (body instanceof Uint8Array) return shownBytes(body);
  return cut(JSON.stringify(body, (_, value: unknown) => plain(value)) ?? String(body));
}

function shownBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString("hex");
  return `${bytes.length} bytes: ${hex}${bytes.length > SHOWN_BYTES ? "…" : ""}`;
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (typeof value === "object" && value !== null && "type" in value && value.type === "Buffer" && "data" in value) {
    return shownBytes(Uint8Array.from(value.data as number[]));
  }
  return typeof value === "bigint" ? String(value) : value;
}

function shownValue(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "string" ? cut(value) : value;
}

function cut(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;
}

/** What a sender may claim is no date, and is shown as the number it is. */
function timeText(milliseconds: number): string | undefined {
  if (milliseconds === 0) return undefined;
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString();
}
