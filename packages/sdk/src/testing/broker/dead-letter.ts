/** The bytes of a dead letter: the message with where it came from, without what would make it expire. */
import { AmqpReader } from "../../amqp/codec-reader.js";
import { AmqpWriter } from "../../amqp/codec-writer.js";
import { PROPERTY_FIELDS, type StoredMessage } from "./stored-message.js";

const writer = new AmqpWriter();

/** Artemis's annotations keep the first origin of a message that dies more than once. */
export function deadLetterBytes(message: StoredMessage, address: string, queue: string): Buffer {
  writer.reset();
  writer.raw(message.headerWithoutExpiry());
  writeAnnotations(message, address, queue);
  writeProperties(message);
  const { bareStart, messageAnnotations, properties } = message.sections;
  writer.raw(message.bytes.subarray(properties?.end ?? messageAnnotations?.end ?? bareStart));
  return writer.finish();
}

function writeAnnotations(message: StoredMessage, address: string, queue: string): void {
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
  writer.endCompound(map, count);
}

/** The properties as they were, but for the time of expiry. */
function writeProperties({ bytes, sections }: StoredMessage): void {
  const section = sections.properties;
  if (section === undefined) return;
  const reader = new AmqpReader(bytes, section.value, section.end);
  const count = reader.listLength();
  writer.descriptor(0x73);
  const list = writer.beginList();
  for (let index = 0; index < count; index++) {
    const start = reader.position;
    reader.skip();
    if (index === PROPERTY_FIELDS.absoluteExpiryTime) writer.null();
    else writer.raw(bytes.subarray(start, reader.position));
  }
  writer.endCompound(list, count);
}
