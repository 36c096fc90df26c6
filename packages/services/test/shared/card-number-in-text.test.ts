import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "chai";
import { holdsCardNumber, idHoldsCardNumber, traceIdHoldsCardNumber } from "../../dist/shared/card-number-in-text.js";

const VISA = "4242424242424242";

/** The number in each form in which it could be written. */
const FORMS: readonly [string, string][] = [
  ["as it is", VISA],
  ["in groups", "4242 4242 4242 4242"],
  ["in groups of Amex", "3782 822463 10005"],
  ["with hyphens", "4242-4242-4242-4242"],
  ["digit by digit", [...VISA].join(" ")],
  ["with dots, slashes and line breaks", "4242.4242/4242\n4242"],
  ["with no-break and zero-width spaces", "4242\u00a04242\u200b4242\u202f4242"],
  ["in full width", "４２４２４２４２４２４２４２４２"],
  ["in Arabic digits", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"],
  ["in Devanagari digits, in groups", "४२४२ ४२४२ ४२४२ ४२४२"],
  ["in mathematical and superscript digits", "𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐⁴²⁴²⁴²⁴²"],
  ["in emoji", [...VISA].map((digit) => `${digit}\ufe0f\u20e3`).join("")],
  ["between words", "card 4242424242424242 please"],
  ["within a word", "card4242424242424242x"],
  ["with its expiry behind it", "4242424242424242 12/30 123"],
  ["with digits before it", "12 4242 4242 4242 4242"],
  ["twice", VISA + VISA],
  ["with 12 digits", "676770000005"],
  ["with 19 digits", "6200000000000000000"],
];

describe("A text that holds a card number", () => {
  for (const [how, text] of FORMS) {
    it(`is found with the number ${how}`, () => {
      expect(holdsCardNumber(text)).to.equal(true);
    });
  }

  const harmless: readonly [string, string][] = [
    ["a number that fails Luhn", "4242424242424241"],
    ["11 digits that pass Luhn", "79927398713"],
    ["digits with words between them", "4242 and 4242 and 4242 and 4242"],
    ["a telephone number", "+33 1 23 45 67 89"],
    ["a date and time", "2026-11-26 14:05"],
    ["a name", "Zoë Ångström-O'Neill"],
    ["nothing", ""],
  ];
  for (const [what, text] of harmless) {
    it(`is not taken for one with ${what}`, () => {
      expect(holdsCardNumber(text)).to.equal(false);
    });
  }

  it("is judged in linear time", () => {
    const startMs = performance.now();
    for (const text of ["1 ".repeat(30_000), "1".repeat(60_000), "1a".repeat(30_000), "٤".repeat(30_000)])
      holdsCardNumber(text);
    expect(performance.now() - startMs).to.be.below(5_000);
  });
});

describe("An id that holds a card number", () => {
  for (const id of [VISA, "4242-4242-4242-4242", `order-${VISA}`, `order_${VISA}_2`, `x${VISA}`, VISA + VISA]) {
    it(`is found: ${id}`, () => expect(idHoldsCardNumber(id)).to.equal(true));
  }
  for (const number of ["8172000000000005", "8600123456789012", "378282246310005"]) {
    it(`is found with ${number}`, () => expect(idHoldsCardNumber(number)).to.equal(true));
  }
  it("is found in a UUID of digits alone", () => {
    expect(idHoldsCardNumber("00000000-0000-4000-8000-004242424242")).to.equal(false);
    expect(idHoldsCardNumber("42424242-4242-4242-9424-242424242424")).to.equal(true);
  });

  it("is none made of a clock, a date, or a UUID", () => {
    const clocks = Array.from({ length: 1_000 }, (_, place) => `order-${1_764_172_800_000 + place}`);
    const dates = Array.from({ length: 1_000 }, (_, place) => `${20_261_126_000_000 + place}`);
    const uuids = Array.from({ length: 10_000 }, () => randomUUID());
    expect([...clocks, ...dates, ...uuids].filter(idHoldsCardNumber)).to.deep.equal([]);
  });

  it("is rarely seen in letters and digits at random", () => {
    const random = Array.from({ length: 10_000 }, () => randomBytes(16).toString("hex"));
    expect(random.filter(idHoldsCardNumber).length).to.be.below(30);
  });
});

describe("A trace id that holds a card number", () => {
  it("is found alone, twice and filled up", () => {
    for (const id of [VISA + VISA, `${"0".repeat(16)}${VISA}`, `${VISA}abcdefabcdefabcd`]) {
      expect(traceIdHoldsCardNumber(id), id).to.equal(true);
    }
  });

  it("is rare among random ones", () => {
    const random = Array.from({ length: 10_000 }, () => randomBytes(16).toString("hex"));
    expect(random.filter(traceIdHoldsCardNumber).length).to.be.below(150);
    expect(traceIdHoldsCardNumber("0af7651916cd43dd8448eb211c80319c")).to.equal(false);
  });
});
