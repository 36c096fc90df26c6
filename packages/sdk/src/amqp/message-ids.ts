/**
 * Message and correlation ids between JMS, where they are strings, and AMQP, where they are strings, uuids, ulongs or
 * binaries (OASIS AMQP-JMS mapping, 3.2.1.1 and 3.2.1.2; the same forms as Qpid JMS uses).
 */
import type { AmqpWriter } from "./codec-writer.js";

const ID = "ID:";
const UUID = "ID:AMQP_UUID:";
const ULONG = "ID:AMQP_ULONG:";
const BINARY = "ID:AMQP_BINARY:";
const NO_PREFIX = "ID:AMQP_NO_PREFIX:";
const STRING = "ID:AMQP_STRING:";
const TYPED_PREFIX = /^ID:AMQP_(?:UUID|ULONG|BINARY|NO_PREFIX|STRING):/;
const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ULONG_LIMIT = 1n << 64n;

/** The type code of an id on the wire decides its JMS form. */
export function messageIdText(code: number, value: unknown): string | undefined {
  const typed = typedIdText(code, value);
  if (typed !== undefined || typeof value !== "string") return typed;
  if (TYPED_PREFIX.test(value)) return STRING + value;
  return value.startsWith(ID) ? value : NO_PREFIX + value;
}

/** Correlation ids without the `ID:` prefix are the application's own and pass as they are. */
export function correlationIdText(code: number, value: unknown): string | undefined {
  const typed = typedIdText(code, value);
  if (typed !== undefined || typeof value !== "string") return typed;
  return TYPED_PREFIX.test(value) ? STRING + value : value;
}

/** Writes an id given in its JMS form. What claims a type that it does not have goes as the string it is. */
export function writeId(writer: AmqpWriter, id: string): void {
  if (!id.startsWith("ID:AMQP_")) {
    writer.string(id);
    return;
  }
  if (id.startsWith(UUID) && UUID_FORM.test(id.slice(UUID.length))) {
    writer.uuid(Buffer.from(id.slice(UUID.length).replaceAll("-", ""), "hex"));
    return;
  }
  if (id.startsWith(ULONG) && /^\d{1,20}$/.test(id.slice(ULONG.length))) {
    const value = BigInt(id.slice(ULONG.length));
    if (value < ULONG_LIMIT) {
      writer.ulong(value);
      return;
    }
  }
  if (id.startsWith(BINARY) && /^(?:[0-9a-f]{2})*$/i.test(id.slice(BINARY.length))) {
    writer.binary(Buffer.from(id.slice(BINARY.length), "hex"));
    return;
  }
  if (id.startsWith(NO_PREFIX)) {
    writer.string(id.slice(NO_PREFIX.length));
    return;
  }
  if (id.startsWith(STRING)) {
    writer.string(id.slice(STRING.length));
    return;
  }
  writer.string(id);
}

function typedIdText(code: number, value: unknown): string | undefined {
  if (code === 0x98) return `${UUID}${String(value)}`;
  if (typeof value === "number" || typeof value === "bigint") return `${ULONG}${value}`;
  if (Buffer.isBuffer(value)) return BINARY + value.toString("hex").toUpperCase();
  return undefined;
}
