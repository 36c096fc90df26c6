import { expect } from "chai";
import { byte, char, convert, double, float, int, type JmsType, long, short } from "../dist/typed-value.js";

/** JMS 3.1, table 3-4 (properties) and 3-6 (map and stream entries): what may be read as what. */
const TYPES: readonly JmsType[] = [
  "boolean",
  "byte",
  "short",
  "int",
  "long",
  "float",
  "double",
  "char",
  "bytes",
  "string",
  "ulong",
  "decimal32",
  "decimal64",
  "decimal128",
];
const ALLOWED: Readonly<Record<JmsType, readonly JmsType[]>> = {
  boolean: ["boolean", "string"],
  byte: ["byte", "short", "int", "long", "string"],
  short: ["short", "int", "long", "string"],
  int: ["int", "long", "string"],
  long: ["long", "string"],
  float: ["float", "double", "string"],
  double: ["double", "string"],
  char: ["char", "string"],
  bytes: ["bytes"],
  string: ["boolean", "byte", "short", "int", "long", "ulong", "float", "double", "string"],
  ulong: ["ulong", "string"],
  decimal32: ["decimal32"],
  decimal64: ["decimal64"],
  decimal128: ["decimal128"],
};
const SAMPLES: Readonly<Record<JmsType, unknown>> = {
  boolean: true,
  byte: 1,
  short: 1,
  int: 1,
  long: 1n,
  float: 1.5,
  double: 1.5,
  char: "c",
  bytes: Uint8Array.of(1),
  string: "1",
  ulong: 2n ** 64n - 1n,
  decimal32: Uint8Array.of(1),
  decimal64: Uint8Array.of(1),
  decimal128: Uint8Array.of(1),
};

function codeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("JMS's number types", () => {
  it("are checked when they are made", () => {
    expect([byte(-128).value, short(32_767).value, int(-(2 ** 31)).value]).to.deep.equal([-128, 32_767, -(2 ** 31)]);
    expect([long(5).value, long(2n ** 63n - 1n).value]).to.deep.equal([5n, 2n ** 63n - 1n]);
    expect([float(0.1).value, double(2).value, char("é").value]).to.deep.equal([Math.fround(0.1), 2, "é"]);
    for (const make of [
      () => byte(128),
      () => byte(1.5),
      () => short(-32_769),
      () => int(2 ** 31),
      () => int(Number.NaN),
      () => long(2n ** 63n),
      () => long(2 ** 53),
      () => float("1" as never),
      () => double(undefined as never),
      () => char("ab"),
    ]) {
      expect(codeOf(make)).to.equal("invalid-argument");
    }
  });

  it("convert to exactly the types of JMS's tables", () => {
    for (const from of TYPES) {
      for (const to of TYPES) {
        const result = codeOf(() => convert("it", SAMPLES[from], from, to));
        if (ALLOWED[from].includes(to)) expect(result, `${from} as ${to}`).not.to.equal("invalid-body");
        else expect(result, `${from} as ${to}`).to.equal("invalid-body");
      }
    }
  });

  it("become the JavaScript type that the reader asked for", () => {
    expect(convert("it", 5, "byte", "long")).to.equal(5n);
    expect(convert("it", 5, "long", "long")).to.equal(5n);
    expect(convert("it", 5n, "long", "string")).to.equal("5");
    expect(convert("it", "TRUE", "string", "boolean")).to.equal(true);
    expect(convert("it", "yes", "string", "boolean")).to.equal(false);
    expect(convert("it", "+127", "string", "byte")).to.equal(127);
    expect(convert("it", "-9223372036854775808", "string", "long")).to.equal(-(2n ** 63n));
    expect(convert("it", " 1.5e3f ", "string", "double")).to.equal(1_500);
    expect(convert("it", "Infinity", "string", "double")).to.equal(Number.POSITIVE_INFINITY);
    expect(convert("it", "0.1", "string", "float")).to.equal(Math.fround(0.1));
  });

  it("refuse text that is no number of the type, and never quote it", () => {
    for (const [text, type] of [
      ["128", "byte"],
      ["1.0", "int"],
      ["", "int"],
      [" 1", "long"],
      ["9223372036854775808", "long"],
      ["secret", "double"],
      ["0x10", "double"],
    ] as const) {
      expect(() => convert("it", text, "string", type))
        .to.throw()
        .with.property("code", "invalid-body");
    }
    expect(() => convert("it", "secret", "string", "int"))
      .to.throw()
      .with.property("message")
      .that.does.not.contain("secret");
  });

  it("read as the text that Java writes", () => {
    for (const [value, type, text] of [
      [1, "double", "1.0"],
      [1.5, "double", "1.5"],
      [1e7, "double", "1.0E7"],
      [1.25e-5, "double", "1.25E-5"],
      [0.001, "double", "0.001"],
      [-0, "double", "-0.0"],
      [Number.NaN, "double", "NaN"],
      [Math.fround(0.1), "float", "0.1"],
      [Math.fround(3.4e38), "float", "3.4E38"],
      [Math.fround(16_777_216), "float", "1.6777216E7"],
    ] as const) {
      expect(convert("it", value, type, "string")).to.equal(text);
    }
  });
});
