/**
 * The number types of JMS that JavaScript lacks, and JMS's conversions between types when a property or an entry is
 * read (JMS 3.1, 3.5.4 and 3.11.3).
 */
import { MessagingError } from "./errors.js";

/**
 * What each JMS type is in JavaScript. `bytes` and `char` are found in bodies only, never among properties. The last four
 * are AMQP's own, without a counterpart in JMS: other AMQP clients may have sent them.
 */
export interface JmsTypes {
  readonly boolean: boolean;
  readonly byte: number;
  readonly short: number;
  readonly int: number;
  readonly long: bigint;
  readonly float: number;
  readonly double: number;
  readonly char: string;
  readonly string: string;
  readonly bytes: Uint8Array;
  /** An unsigned number of 64 bits beyond what a long holds; one that a long holds is a `long`. */
  readonly ulong: bigint;
  /** IEEE 754 decimals, as their bytes; in bodies only. */
  readonly decimal32: Uint8Array;
  readonly decimal64: Uint8Array;
  readonly decimal128: Uint8Array;
}

/** The types of JMS's properties and of the entries of map and stream bodies. */
export type JmsType = keyof JmsTypes;

type TypedName = Exclude<JmsType, "boolean" | "string" | "bytes" | "decimal32" | "decimal64" | "decimal128">;

/** A value with the JMS type in which it travels. Made by {@link byte}, {@link short}, {@link int} and their like. */
export class TypedValue<T extends TypedName = TypedName> {
  readonly type: T;
  readonly value: JmsTypes[T];

  constructor(type: T, value: JmsTypes[T]) {
    this.type = type;
    this.value = value;
  }
}

/** A JMS byte. @throws MessagingError `invalid-argument` unless it is whole and from -128 to 127. */
export function byte(value: number): TypedValue<"byte"> {
  return new TypedValue("byte", whole("byte", value, 8));
}

/** A JMS short. @throws MessagingError `invalid-argument` unless it is whole and fits 16 bits. */
export function short(value: number): TypedValue<"short"> {
  return new TypedValue("short", whole("short", value, 16));
}

/** A JMS int. @throws MessagingError `invalid-argument` unless it is whole and fits 32 bits. */
export function int(value: number): TypedValue<"int"> {
  return new TypedValue("int", whole("int", value, 32));
}

/** A JMS long. @throws MessagingError `invalid-argument` unless it is whole and fits 64 bits. */
export function long(value: bigint | number): TypedValue<"long"> {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw unfit("long", value);
  const exact = BigInt(value);
  if (BigInt.asIntN(64, exact) !== exact) throw unfit("long", value);
  return new TypedValue("long", exact);
}

/**
 * An AMQP ulong, for peers that have one: JMS reads it as a long where it fits, and has no type for one beyond.
 * @throws MessagingError `invalid-argument` unless it is whole and fits 64 bits without a sign.
 */
export function ulong(value: bigint | number): TypedValue<"ulong"> {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw unfit("ulong", value);
  const exact = BigInt(value);
  if (BigInt.asUintN(64, exact) !== exact) throw unfit("ulong", value);
  return new TypedValue("ulong", exact);
}

/** A JMS float: the number is rounded to 32 bits. @throws MessagingError `invalid-argument` when it is no number. */
export function float(value: number): TypedValue<"float"> {
  if (typeof value !== "number") throw unfit("float", value);
  return new TypedValue("float", Math.fround(value));
}

/** A JMS double, also where the number is whole. @throws MessagingError `invalid-argument` when it is no number. */
export function double(value: number): TypedValue<"double"> {
  if (typeof value !== "number") throw unfit("double", value);
  return new TypedValue("double", value);
}

/** A JMS char, for map and stream bodies. @throws MessagingError `invalid-argument` unless it is one UTF-16 unit. */
export function char(value: string): TypedValue<"char"> {
  if (typeof value !== "string" || value.length !== 1) throw unfit("char", value);
  return new TypedValue("char", value);
}

/** The other types that a value may be read as; a string may be read as any but char and bytes. */
const WIDENINGS: Readonly<Record<Exclude<JmsType, "string">, readonly JmsType[]>> = {
  boolean: ["string"],
  byte: ["short", "int", "long", "string"],
  short: ["int", "long", "string"],
  int: ["long", "string"],
  long: ["string"],
  float: ["double", "string"],
  double: ["string"],
  char: ["string"],
  bytes: [],
  ulong: ["string"],
  decimal32: [],
  decimal64: [],
  decimal128: [],
};

/**
 * Converts as JMS does.
 * @throws MessagingError `invalid-body` where JMS has a MessageFormatException or a NumberFormatException; its sentence
 * holds the types and `what`, never the value.
 */
export function convert<T extends JmsType>(what: string, value: unknown, from: JmsType, to: T): JmsTypes[T] {
  const converted =
    from === to ? own(value, to) : from === "string" ? parsed(String(value), to) : widened(value, from, to);
  if (converted !== undefined) return converted as JmsTypes[T];
  const why = from === "string" && to !== "char" && to !== "bytes" ? "does not read as one" : "JMS does not convert";
  throw new MessagingError("invalid-body", `${what} is a ${from}, not a ${to}, and ${why}.`);
}

function own(value: unknown, type: JmsType): unknown {
  return type === "long" || type === "ulong" ? BigInt(value as number | bigint) : value;
}

function widened(value: unknown, from: Exclude<JmsType, "string">, to: JmsType): unknown {
  if (!WIDENINGS[from].includes(to)) return undefined;
  if (to === "long") return BigInt(value as number);
  if (to !== "string") return value;
  return from === "float" || from === "double" ? javaDecimal(value as number, from) : String(value);
}

const WHOLE_NUMBER = /^[+-]?\d{1,40}$/;
const DECIMAL_NUMBER = /^\s*[+-]?(?:NaN|Infinity|(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:e[+-]?\d{1,5})?)[fd]?\s*$/i;
const BITS: Readonly<Partial<Record<JmsType, number>>> = { byte: 8, short: 16, int: 32, long: 64, ulong: 64 };

/** Java's `valueOf` for each type. */
function parsed(text: string, to: JmsType): unknown {
  if (to === "boolean") return text.toLowerCase() === "true";
  if (to === "float" || to === "double") {
    if (!DECIMAL_NUMBER.test(text)) return undefined;
    const number = Number(text.trim().replace(/(?<!in)[fd]$/i, ""));
    return to === "float" ? Math.fround(number) : number;
  }
  const bits = BITS[to];
  if (bits === undefined || !WHOLE_NUMBER.test(text)) return undefined;
  const exact = BigInt(text.replace(/^\+/, ""));
  if (to === "ulong") return BigInt.asUintN(bits, exact) === exact ? exact : undefined;
  if (BigInt.asIntN(bits, exact) !== exact) return undefined;
  return to === "long" ? exact : Number(exact);
}

/** A decimal as Java's `toString` writes it, so that both sides read one text of one property. */
function javaDecimal(value: number, type: "float" | "double"): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", exponent = "0"] = shortest(value, type).toExponential().split("e");
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    const text = String(shortest(value, type));
    return text.includes(".") ? text : `${text}.0`;
  }
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** The number with the fewest digits that is the same float. */
function shortest(value: number, type: "float" | "double"): number {
  if (type === "double") return value;
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

function whole(type: TypedValue["type"], value: number, bits: number): number {
  const limit = 2 ** (bits - 1);
  if (!Number.isInteger(value) || value < -limit || value >= limit) throw unfit(type, value);
  return value;
}

function unfit(type: TypedValue["type"], value: unknown): MessagingError {
  return new MessagingError("invalid-argument", `${String(value)} is not a value of a JMS ${type}.`);
}
