/** The body of a received message, to be sent once more exactly as it came. */
import type { Message, OutgoingBody, OutgoingEntry } from "../message.js";
import { TypedValue } from "../typed-value.js";

/** A body that JMS does not know, as other AMQP clients may send, becomes JSON text of what it held. */
export function copiedBody(message: Message): OutgoingBody {
  if (message.text !== undefined) {
    return { text: message.text };
  }
  if (message.map !== undefined) {
    return { map: Object.fromEntries(Object.keys(message.map).map((key) => [key, entryOf(message, key)])) };
  }
  if (message.stream !== undefined) {
    return { stream: message.stream.map((_, index) => entryOf(message, index)) };
  }
  if (message.bytes !== undefined) {
    const { contentType } = message;
    return message.kind === "object"
      ? { object: message.bytes, ...(contentType !== undefined && { contentType }) }
      : { bytes: message.bytes };
  }
  if (message.body === undefined || message.body === null) {
    return {};
  }
  return { text: JSON.stringify(message.body, jsonSafe) ?? "null" };
}

/** An entry with the type in which it travelled. */
function entryOf(message: Message, key: string | number): OutgoingEntry {
  const type = message.entryType(key);
  if (type === undefined) {
    return null;
  }
  const value = message.getEntry(key, type) ?? null;
  return value === null || type === "boolean" || type === "string" || type === "bytes"
    ? value
    : new TypedValue(type, value as never);
}

function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value.toString();
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
