/** The sections of a received message as bytes, each where it begins and ends, unread. */
import { AmqpReader, DecodeError } from "./codec-reader.js";

/** Maps and the list are without their descriptors; sections of the body and the footer are whole. */
export interface RawSections {
  readonly annotations: Buffer | undefined;
  readonly properties: Buffer | undefined;
  readonly applicationProperties: Buffer | undefined;
  readonly body: readonly Buffer[];
  readonly footer: Buffer | undefined;
  /** False where the bytes are no AMQP message to their end; what came before that end is here. */
  readonly isWhole: boolean;
}

/** An entry of a map: its key, and the bytes of key and value. */
export interface RawEntry {
  readonly key: unknown;
  readonly bytes: Buffer;
}

/** Where the sections of a message are. */
export function rawSections(payload: Buffer): RawSections {
  const body: Buffer[] = [];
  const found: { -readonly [Name in keyof RawSections]: RawSections[Name] } = {
    annotations: undefined,
    properties: undefined,
    applicationProperties: undefined,
    body,
    footer: undefined,
    isWhole: true,
  };
  const reader = new AmqpReader(payload);
  try {
    while (reader.remaining > 0) {
      const start = reader.position;
      const descriptor = reader.descriptor();
      const content = reader.position;
      reader.skip();
      const end = reader.position;
      switch (descriptor) {
        case 0x72:
        case "amqp:message-annotations:map":
          found.annotations = payload.subarray(content, end);
          break;
        case 0x73:
        case "amqp:properties:list":
          found.properties = payload.subarray(content, end);
          break;
        case 0x74:
        case "amqp:application-properties:map":
          found.applicationProperties = payload.subarray(content, end);
          break;
        case 0x75:
        case 0x76:
        case 0x77:
        case "amqp:data:binary":
        case "amqp:amqp-sequence:list":
        case "amqp:amqp-value:*":
          body.push(payload.subarray(start, end));
          break;
        case 0x78:
        case "amqp:footer:map":
          found.footer = payload.subarray(start, end);
      }
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    found.isWhole = false;
  }
  return found;
}

/** The entries of a map; none of one that cannot be read. */
export function rawEntries(map: Buffer | undefined): readonly RawEntry[] {
  if (map === undefined) return [];
  const entries: RawEntry[] = [];
  return unlessBroken(() => {
    const reader = new AmqpReader(map);
    const count = reader.mapLength();
    for (let index = 0; index + 1 < count; index += 2) {
      const start = reader.position;
      const key = reader.value();
      reader.skip();
      entries.push({ key, bytes: map.subarray(start, reader.position) });
    }
    return entries;
  });
}

/** The fields of a list; none of one that cannot be read. */
export function rawFields(list: Buffer | undefined): readonly Buffer[] {
  if (list === undefined) return [];
  return unlessBroken(() => {
    const reader = new AmqpReader(list);
    const count = reader.listLength();
    return Array.from({ length: count }, () => {
      const start = reader.position;
      reader.skip();
      return list.subarray(start, reader.position);
    });
  });
}

function unlessBroken<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}
