/** Values of properties and of map and stream entries, each with the AMQP type that JMS has for it. */
import { MessagingError } from "../errors.js";
import { TypedValue } from "../typed-value.js";
import { type AmqpWriter, isLong } from "./codec-writer.js";

/** Names of application properties that were found to be good, so that each is checked once. */
const KNOWN_NAMES = new Set<string>();
const KNOWN_NAMES_LIMIT = 1_000;
const JAVA_IDENTIFIER = /^[\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Sc}\p{Pc}]*$/u;
/** Words of the selector language, which no property may bear (JMS 3.1, 3.5.1). */
const RESERVED_NAMES = new Set(["NULL", "TRUE", "FALSE", "NOT", "AND", "OR", "BETWEEN", "LIKE", "IN", "IS", "ESCAPE"]);
/** Properties that JMS keeps elsewhere in an AMQP message, where its readers look for them (JMS 3.1, 3.5.9). */
const FIELDS: Readonly<Record<string, string>> = {
  JMSXGroupID: "groupId",
  JMSXGroupSeq: "groupSequence",
  JMSXUserID: "userId",
  JMSXDeliveryCount: "nothing: the broker counts",
};

/** @throws MessagingError `invalid-argument` unless it has names with values. */
export function checkProperties(properties: unknown): void {
  if (typeof properties === "object" && properties !== null) {
    const prototype: unknown = Object.getPrototypeOf(properties);
    if (prototype === Object.prototype || prototype === null) return;
  }
  throw invalid("properties must be a plain object of names and values.");
}

/** @throws MessagingError `invalid-argument` */
export function checkPropertyName(name: string): void {
  if (KNOWN_NAMES.has(name)) return;
  if (!JAVA_IDENTIFIER.test(name) || RESERVED_NAMES.has(name.toUpperCase())) {
    throw invalid(
      `The property name ${JSON.stringify(name)} is no Java identifier, or a word of the selector language.`,
    );
  }
  if (Object.hasOwn(FIELDS, name)) {
    throw invalid(`${name} is no application property; the message's field for it is ${FIELDS[name]}.`);
  }
  if (KNOWN_NAMES.size < KNOWN_NAMES_LIMIT) KNOWN_NAMES.add(name);
}

/** @throws MessagingError `invalid-argument` */
export function writePropertyValue(writer: AmqpWriter, name: string, value: unknown): void {
  if (value instanceof TypedValue && value.type === "char") {
    throw invalid(`The property ${name} is a char, which JMS has in map and stream bodies only.`);
  }
  if (!writeScalar(writer, value)) {
    throw invalid(`The property ${name} is a ${value === null ? "null" : typeof value} that JMS cannot carry.`);
  }
}

/** @throws MessagingError `invalid-argument` */
export function writeEntry(writer: AmqpWriter, name: string, value: unknown): void {
  if (value === null) writer.null();
  else if (value instanceof Uint8Array) writer.binary(value);
  else if (!writeScalar(writer, value)) {
    throw invalid(`The entry ${name} of the body is a ${typeof value} that JMS cannot carry.`);
  }
}

function writeScalar(writer: AmqpWriter, value: unknown): boolean {
  switch (typeof value) {
    case "string":
      writer.string(value);
      return true;
    case "number":
      writer.number(value);
      return true;
    case "boolean":
      writer.boolean(value);
      return true;
    case "bigint":
      if (!isLong(value)) return false;
      writer.long(value);
      return true;
    default:
      if (!(value instanceof TypedValue)) return false;
      writeTyped(writer, value);
      return true;
  }
}

function writeTyped(writer: AmqpWriter, { type, value }: TypedValue): void {
  switch (type) {
    case "byte":
      writer.byte(value as number);
      break;
    case "short":
      writer.short(value as number);
      break;
    case "int":
      writer.int(value as number);
      break;
    case "long":
      writer.long(value as bigint);
      break;
    case "ulong":
      writer.ulong(value as bigint);
      break;
    case "float":
      writer.float(value as number);
      break;
    case "double":
      writer.double(value as number);
      break;
    case "char":
      writer.char(value as string);
  }
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
