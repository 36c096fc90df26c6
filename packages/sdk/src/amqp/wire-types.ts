/** Which JMS type a value had on the wire: only those are kept that the JavaScript value does not tell by itself. */
import type { OutgoingProperty, PropertyValue } from "../message.js";
import { byte, convert, double, float, type JmsType, type JmsTypes, long, short, ulong } from "../typed-value.js";

/** The JMS types of AMQP's type codes. Unsigned numbers go up to the next larger type, as Qpid JMS has it. */
const TYPES: Readonly<Record<number, JmsType>> = {
  65: "boolean",
  66: "boolean",
  86: "boolean",
  81: "byte",
  80: "short",
  97: "short",
  84: "int",
  96: "int",
  113: "int",
  67: "long",
  68: "long",
  82: "long",
  83: "long",
  85: "long",
  112: "long",
  128: "long",
  129: "long",
  131: "long",
  114: "float",
  130: "double",
  115: "char",
  116: "decimal32",
  132: "decimal64",
  148: "decimal128",
  160: "bytes",
  176: "bytes",
  161: "string",
  163: "string",
  177: "string",
  179: "string",
};

/** Types by name or index, apart from those that {@link plainType} tells. */
export type WireTypes<Key> = Map<Key, JmsType> | undefined;

/** Keeps the type of one value where it must be kept. */
export function noteType<Key>(types: WireTypes<Key>, key: Key, code: number, value: unknown): WireTypes<Key> {
  const type = TYPES[code] === "long" && !isLong(value) ? "ulong" : TYPES[code];
  if (type === undefined || type === plainType(value)) return types;
  const noted = types ?? new Map<Key, JmsType>();
  noted.set(key, type);
  return noted;
}

/** Whether a number is within Java's long: an unsigned one may be beyond. */
function isLong(value: unknown): boolean {
  return typeof value !== "bigint" || BigInt.asIntN(64, value) === value;
}

function plainType(value: unknown): JmsType | undefined {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "int";
    case "boolean":
      return "boolean";
    case "bigint":
      return "long";
    default:
      return value instanceof Uint8Array ? "bytes" : undefined;
  }
}

export function typeOf<Key>(types: WireTypes<Key>, key: Key, value: unknown): JmsType | undefined {
  return types?.get(key) ?? plainType(value);
}

/** Reads a value as another type. @throws MessagingError `invalid-body` */
export function readAs<T extends JmsType, Key>(
  what: string,
  types: WireTypes<Key>,
  key: Key,
  value: unknown,
  type: T,
): JmsTypes[T] | undefined {
  const from = typeOf(types, key, value);
  return from === undefined ? undefined : convert(what, value, from, type);
}

/** A property as it must be given to travel with the same type again. */
export function typedProperty(types: WireTypes<string>, name: string, value: PropertyValue): OutgoingProperty {
  switch (types?.get(name)) {
    case "byte":
      return byte(value as number);
    case "short":
      return short(value as number);
    case "long":
      return long(value as number | bigint);
    case "ulong":
      return ulong(value as bigint);
    case "float":
      return float(value as number);
    case "double":
      return double(value as number);
    default:
      return value;
  }
}
