/** The kinds of payment that the load is made of, each with the verdicts that may end it. */
import { CLOSED_MERCHANT_ID, TEST_CARDS, type TestCard } from "../../dist/operator/demo-bank.js";
import type { PayCall } from "./merchant.js";
import type { Random } from "./random.js";

export interface PaymentKind {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** Makes the call, without its request_id. */
  readonly call: (random: Random) => Omit<PayCall, "requestId">;
  readonly verdicts: readonly string[];
}

/** The client's bank declines so what an outage kept from it for longer than the payment's deadline. */
const TOO_LATE = "DEADLINE_PASSED";

const rich = TEST_CARDS.filter(({ openingBalance, outcome }) => openingBalance > 100_000n && outcome === "SUCCEEDED");
const [hot, ...others] = rich as [TestCard, ...TestCard[]];

function cardThat(fits: (card: TestCard) => boolean): TestCard {
  const found = TEST_CARDS.find(fits);
  if (found === undefined) throw new Error("The demo bank lacks a card that the campaign needs.");
  return found;
}

function callWith(
  card: TestCard,
  random: Random,
  changes: { readonly merchantId?: string; readonly currencyCode?: string; readonly minorUnits?: number } = {},
  cardChanges: Partial<TestCard> = {},
): Omit<PayCall, "requestId"> {
  const { number, expiryMonth, expiryYear, holderName, currencyCode } = { ...card, ...cardChanges };
  return {
    merchantId: changes.merchantId ?? card.merchantId,
    card: { number, expiryMonth, expiryYear, holderName },
    amount: {
      currencyCode: changes.currencyCode ?? currencyCode,
      minorUnits: BigInt(changes.minorUnits ?? random.between(1, 500)),
    },
    description: random.pick(["", "tea", "two tickets", "\u00e9clairs \u2615"]),
    clientReference: random.pick(["", "", "order-17"]),
    metadata: random.pick<PayCall["metadata"]>([{}, {}, { basket: "17", note: "\u00e9clairs \u2615" }]),
  };
}

const poor = cardThat(({ outcome }) => outcome === "INSUFFICIENT_FUNDS");
const closed = cardThat(({ outcome }) => outcome === "ACCOUNT_CLOSED");
const spent = cardThat(({ openingBalance }) => openingBalance === 1_000n);

export const PAYMENT_KINDS: readonly PaymentKind[] = [
  // One client and one merchant have a third of everything: their rows are what everybody waits for.
  { name: "hot account", weight: 8, call: (random) => callWith(hot, random), verdicts: ["SUCCEEDED", TOO_LATE] },
  {
    name: "good card",
    weight: 8,
    call: (random) => callWith(random.pick(others), random),
    verdicts: ["SUCCEEDED", TOO_LATE],
  },
  {
    name: "until spent",
    weight: 1,
    call: (random) => callWith(spent, random),
    verdicts: ["SUCCEEDED", "INSUFFICIENT_FUNDS", TOO_LATE],
  },
  {
    name: "held",
    weight: 5,
    call: (random) => ({ ...callWith(random.pick([hot, ...others]), random), manual: true }),
    verdicts: ["SUCCEEDED", "CANCELED", TOO_LATE],
  },
  {
    name: "held for a closed merchant",
    weight: 1,
    call: (random) => ({ ...callWith(hot, random, { merchantId: CLOSED_MERCHANT_ID }), manual: true }),
    verdicts: ["MERCHANT_CLOSED", "CANCELED", TOO_LATE],
  },
  { name: "no money", weight: 1, call: (random) => callWith(poor, random), verdicts: ["INSUFFICIENT_FUNDS", TOO_LATE] },
  { name: "closed account", weight: 1, call: (random) => callWith(closed, random), verdicts: ["ACCOUNT_CLOSED"] },
  {
    name: "expired card",
    weight: 1,
    call: (random) => callWith(hot, random, {}, { expiryYear: 2020 }),
    verdicts: ["CARD_EXPIRED"],
  },
  {
    name: "other expiry",
    weight: 1,
    call: (random) => callWith(hot, random, {}, { expiryYear: 2031 }),
    verdicts: ["CARD_NOT_ACCEPTED"],
  },
  {
    name: "mistyped number",
    weight: 1,
    call: (random) => callWith(hot, random, {}, { number: "4242424242424241" }),
    verdicts: ["INVALID_CARD_NUMBER"],
  },
  {
    name: "unknown card",
    weight: 1,
    call: (random) => callWith(hot, random, {}, { number: "4000056655665556" }),
    verdicts: ["CARD_NOT_ACCEPTED"],
  },
  {
    name: "other currency",
    weight: 1,
    call: (random) => callWith(hot, random, { currencyCode: "USD" }),
    verdicts: ["CURRENCY_NOT_SUPPORTED"],
  },
  {
    name: "closed merchant",
    weight: 2,
    call: (random) => callWith(hot, random, { merchantId: CLOSED_MERCHANT_ID }),
    verdicts: ["MERCHANT_CLOSED", TOO_LATE],
  },
  {
    name: "unknown merchant",
    weight: 1,
    call: (random) => callWith(hot, random, { merchantId: "m-9999" }),
    verdicts: ["MERCHANT_UNKNOWN", TOO_LATE],
  },
];

const drawn = PAYMENT_KINDS.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));

/** One of the kinds, as often as its weight says. */
export function drawPaymentKind(random: Random): PaymentKind {
  return random.pick(drawn);
}
