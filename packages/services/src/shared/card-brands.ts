/**
 * Which brand a card number belongs to, by its first digits, and which lengths that brand's numbers have.
 *
 * The schemes' own tables of ranges are for members only. These are what they and the processors have made public, as
 * collected under "Payment card number" in Wikipedia (read in 2026), with the finer ranges of Elo, Troy, Hiper, Naranja
 * and Verve as credit-card-type 10 has them. Where ranges overlap, the narrowest decides: 6011 is Discover's although
 * 60 is RuPay's. A number of no range is of an unknown brand, which is no reason to decline it: new ranges are given
 * out all the time, and the issuer knows its own numbers.
 */

/** Numbers that begin with `from` to `to`: prefixes of equal length, 8 digits at most. */
type PrefixRange = string | readonly [from: string, to: string];

interface Brand {
  readonly lengths: readonly number[];
  readonly ranges: readonly PrefixRange[];
}

const BRANDS: Readonly<Record<string, Brand>> = {
  visa: { lengths: [16, 18, 19], ranges: ["4"] },
  mastercard: {
    lengths: [16],
    ranges: [
      ["51", "55"],
      ["2221", "2720"],
    ],
  },
  "american-express": { lengths: [15], ranges: ["34", "37"] },
  "diners-club": { lengths: [14, 15, 16, 17, 18, 19], ranges: [["300", "305"], "3095", "36", ["38", "39"]] },
  discover: { lengths: [16, 17, 18, 19], ranges: ["6011", ["644", "649"], "65"] },
  jcb: { lengths: [16, 17, 18, 19], ranges: ["1800", "2131", ["3528", "3589"]] },
  // 62 is shared with Discover by treaty; the issuer is a member of UnionPay.
  unionpay: { lengths: [14, 15, 16, 17, 18, 19], ranges: ["62", ["8100", "8171"]] },
  maestro: {
    lengths: [12, 13, 14, 15, 16, 17, 18, 19],
    ranges: ["493698", "5018", "5020", "5038", ["56", "58"], "6304", "639", "67"],
  },
  dankort: { lengths: [16], ranges: ["5019"] },
  mir: { lengths: [16, 17, 18, 19], ranges: [["2200", "2204"]] },
  rupay: { lengths: [16], ranges: ["508", "60", ["6521", "6522"], ["81", "82"]] },
  uzcard: { lengths: [16], ranges: ["5614", "8600"] },
  humo: { lengths: [16], ranges: ["9860"] },
  hipercard: { lengths: [16], ranges: ["606282"] },
  hiper: { lengths: [16], ranges: ["637095", "63737423", "63743358", "637568", "637599", "637609", "637612"] },
  naranja: { lengths: [16], ranges: ["402918", "527572", "589562"] },
  verve: {
    lengths: [16, 18, 19],
    ranges: [
      ["506099", "506198"],
      ["507865", "507964"],
      ["650002", "650027"],
    ],
  },
  elo: {
    lengths: [16],
    ranges: [
      ["401178", "401179"],
      "431274",
      "438935",
      "451416",
      "457393",
      ["457631", "457632"],
      "504175",
      ["506699", "506778"],
      ["509000", "509999"],
      "627780",
      "636297",
      "636368",
      ["650031", "650033"],
      ["650035", "650051"],
      ["650405", "650439"],
      ["650485", "650538"],
      ["650541", "650598"],
      ["650700", "650718"],
      ["650720", "650727"],
      ["650901", "650978"],
      ["651652", "651679"],
      ["655000", "655019"],
      ["655021", "655058"],
    ],
  },
  troy: {
    lengths: [16],
    ranges: [
      "9792",
      "650052",
      ["650082", "650083"],
      "650092",
      "650161",
      "650170",
      "650173",
      "650175",
      "650268",
      "650271",
      ["650273", "650274"],
      ["650456", "650457"],
      ["650836", "650837"],
      ["650846", "650850"],
      ["650858", "650862"],
      "650923",
      "650987",
      "650990",
      "654997",
      "657366",
      "657998",
      ["658750", "658787"],
      "658798",
      ["658808", "658809"],
    ],
  },
};

/** How many of a number's digits decide on its brand (ISO/IEC 7812-1 gives issuers 8). */
const DECIDING_DIGITS = 8;

interface CompiledRange {
  readonly from: number;
  readonly to: number;
  readonly brand: CardBrand;
}

/** A brand and the lengths of its numbers. */
export interface CardBrand {
  readonly name: string;
  readonly lengths: ReadonlySet<number>;
}

/** All ranges over the first 8 digits, the narrowest first, by a number's first digit. */
const COMPILED = compile();

/** The brand of a number of 12 to 19 digits; undefined when it begins like none that we know. */
export function brandOf(number: string): CardBrand | undefined {
  const deciding = Number(number.slice(0, DECIDING_DIGITS));
  const ranges = COMPILED[number.charCodeAt(0) - "0".charCodeAt(0)];
  return ranges?.find(({ from, to }) => deciding >= from && deciding <= to)?.brand;
}

function compile(): readonly (readonly CompiledRange[])[] {
  const all = Object.entries(BRANDS).flatMap(([name, { lengths, ranges }]) => {
    const brand: CardBrand = { name, lengths: new Set(lengths) };
    return ranges.map((range): CompiledRange => {
      const [from, to] = typeof range === "string" ? [range, range] : range;
      return { from: Number(from.padEnd(DECIDING_DIGITS, "0")), to: Number(to.padEnd(DECIDING_DIGITS, "9")), brand };
    });
  });
  const narrowestFirst = all.sort((one, other) => one.to - one.from - (other.to - other.from));
  const firstDigits = Array.from({ length: 10 }, (_, digit) => digit * 10 ** (DECIDING_DIGITS - 1));
  return firstDigits.map((start) =>
    narrowestFirst.filter(({ from, to }) => from < start + 10 ** (DECIDING_DIGITS - 1) && to >= start),
  );
}
