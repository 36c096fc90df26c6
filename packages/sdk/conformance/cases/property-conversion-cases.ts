/** The table of section 3.5.4: a property written as one type and read as each other. */
import { byte, double, float, int, type JmsType, long, type OutgoingProperty, short } from "@quittance/sdk";
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

const READ_AS = ["boolean", "byte", "short", "int", "long", "float", "double", "string"] as const;

/** Each type with a value, and what that value is when it is read as another type; what is missing is refused. */
const ROWS: readonly {
  readonly type: JmsType;
  readonly written: OutgoingProperty;
  readonly read: Readonly<Partial<Record<(typeof READ_AS)[number], unknown>>>;
}[] = [
  { type: "boolean", written: true, read: { boolean: true, string: "true" } },
  { type: "byte", written: byte(-7), read: { byte: -7, short: -7, int: -7, long: -7n, string: "-7" } },
  { type: "short", written: short(300), read: { short: 300, int: 300, long: 300n, string: "300" } },
  { type: "int", written: int(70_000), read: { int: 70_000, long: 70_000n, string: "70000" } },
  { type: "long", written: long(2n ** 40n), read: { long: 2n ** 40n, string: "1099511627776" } },
  { type: "float", written: float(1.5), read: { float: 1.5, double: 1.5, string: "1.5" } },
  { type: "double", written: double(3), read: { double: 3, string: "3.0" } },
  {
    type: "string",
    written: "12",
    read: { boolean: false, byte: 12, short: 12, int: 12, long: 12n, float: 12, double: 12, string: "12" },
  },
];

export const PROPERTY_CONVERSION_CASES: readonly ConformanceCase[] = [
  ...ROWS.map(
    ({ type, written, read }, index): ConformanceCase => ({
      id: `J-3.5-${18 + index}`,
      section: "3.5.4",
      title: `A ${type} property is read as ${Object.keys(read).join(", ")}, and as nothing else`,
      run: async (context) => {
        const message = await context.echo({ text: "x", properties: { a: written } });
        expect(message.propertyType("a")).to.equal(type);
        for (const target of READ_AS) {
          if (target in read) expect(message.getProperty("a", target), target).to.equal(read[target]);
          else {
            expect(() => message.getProperty("a", target), target)
              .to.throw()
              .with.property("code", "invalid-body");
          }
        }
      },
    }),
  ),
  {
    id: "J-3.5-26",
    section: "3.5.4",
    title: "A string property that is no number is not read as one",
    run: async (context) => {
      const message = await context.echo({ text: "x", properties: { a: "twelve" } });
      for (const target of ["byte", "short", "int", "long", "float", "double"] as const) {
        expect(() => message.getProperty("a", target), target)
          .to.throw()
          .with.property("code", "invalid-body");
      }
    },
  },
  {
    id: "J-3.5-27",
    section: "3.5.4",
    title: "Reading a property that is not there gives nothing, as any type",
    run: async (context) => {
      const message = await context.echo("x");
      expect(message.propertyType("a")).to.equal(undefined);
      for (const target of READ_AS) expect(message.getProperty("a", target), target).to.equal(undefined);
    },
  },
];
