/** The bytes of a dead letter, or of a message that expired: with where it came from, without what makes it expire. */
import { AmqpReader } from "../../amqp/codec-reader.js";
import { AmqpWriter } from "../../amqp/codec-writer.js";
import { PROPERTY_FIELDS, type StoredMessage } from "./stored-message.js";

const writer = new AmqpWriter();

/** Where a message died and where it goes. */
export interface Burial {
  readonly address: string;
  readonly queue: string;
  readonly to: string;
  /** When its time to live was found to be over, in milliseconds since 1970, if that is what it died of. */
  readonly expiredAt?: number;
}

/** Artemis's annotations keep the first origin of a message that dies more than once. */
export function deadLetterBytes(message: StoredMessage, burial: Burial): Buffer {
  writer.reset();
  writer.raw(message.headerWithoutExpiry());
  writeAnnotations(message, burial);
  writeProperties(message, burial.to);
  const { bareStart, messageAnnotations, properties } = message.sections;
  writer.raw(message.bytes.subarray(properties?.end ?? messageAnnotations?.end ?? bareStart));
  return writer.finish();
}

function writeAnnotations(message: StoredMessage, { address, queue, expiredAt }: Burial): void {
  const { bytes, sections } = message;
  writer.descriptor(0x72);
  const map = writer.beginMap();
  let count = 0;
  const section = sections.messageAnnotations;
  if (section !== undefined) {
    const reader = new AmqpReader(bytes, section.value, section.end);
    count = reader.mapLength();
    writer.raw(bytes.subarray(reader.position, section.end));
  }
  const add = (name: string, write: () => void) => {
    if (message.annotation(name) !== undefined) return;
    writer.symbol(name);
    write();
    count += 2;
  };
  add("x-opt-ORIG-QUEUE", () => writer.string(queue));
  add("x-opt-ORIG-ADDRESS", () => writer.string(address));
  add("x-opt-ORIG-MESSAGE-ID", () => writer.long(BigInt(message.id)));
  if (expiredAt !== undefined) add("x-opt-ACTUAL-EXPIRY", () => writer.long(BigInt(expiredAt)));
  writer.endCompound(map, count);
}

/** The properties as they were, but for the time of expiry and, as Artemis does, the address. */
function writeProperties({ bytes, sections }: StoredMessage, to: string): void {
  const section = sections.properties;
  const reader = section === undefined ? undefined : new AmqpReader(bytes, section.value, section.end);
  const present = reader?.listLength() ?? 0;
  const count = Math.max(present, PROPERTY_FIELDS.to + 1);
  writer.descriptor(0x73);
  const list = writer.beginList();
  for (let index = 0; index < count; index++) {
    const start = reader?.position ?? 0;
    if (index < present) reader?.skip();
    if (index === PROPERTY_FIELDS.to) writer.string(to);
    else if (index >= present || index === PROPERTY_FIELDS.absoluteExpiryTime) writer.null();
    else writer.raw(bytes.subarray(start, reader?.position));
  }
  writer.endCompound(list, count);
}
