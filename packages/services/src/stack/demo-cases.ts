/** The kinds of payment that `npm start` shows, made with the demo bank's documented cards and merchants. */
import { CLOSED_MERCHANT_ID, DEMO_MERCHANT_ID, TEST_CARDS, type TestCard } from "../operator/demo-bank.js";
import type { DemoPayment } from "./demo-payments.js";

/** What each costs: little enough that a database of the user's own serves for years of starts. */
const MINOR_UNITS = 12_50n;

/** One payment of each kind that ends in a way of its own; the first one succeeds. */
export function demoPayments(): [DemoPayment, ...DemoPayment[]] {
  const good = testCardThat((card) => card.outcome === "SUCCEEDED" && card.merchantId === DEMO_MERCHANT_ID);
  const poor = testCardThat((card) => card.outcome === "INSUFFICIENT_FUNDS");
  const wrongDigit = good.number.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
  return [
    paymentOf("a good card", good, {}),
    paymentOf("too little money", poor, { expected: "INSUFFICIENT_FUNDS" }),
    paymentOf("an expired card", { ...good, expiryYear: 2020 }, { expected: "CARD_EXPIRED" }),
    paymentOf("a mistyped number", { ...good, number: wrongDigit }, { expected: "INVALID_CARD_NUMBER" }),
    paymentOf("a closed merchant", good, { expected: "MERCHANT_CLOSED", merchantId: CLOSED_MERCHANT_ID }),
  ];
}

function paymentOf(
  kind: string,
  card: TestCard,
  differing: Partial<Pick<DemoPayment, "expected" | "merchantId">>,
): DemoPayment {
  const { number, expiryMonth, expiryYear, holderName, currencyCode } = card;
  return {
    kind,
    card: { number, expiryMonth, expiryYear, holderName },
    amount: { currencyCode, minorUnits: MINOR_UNITS },
    merchantId: card.merchantId,
    expected: undefined,
    ...differing,
  };
}

function testCardThat(fits: (card: TestCard) => boolean): TestCard {
  const found = TEST_CARDS.find(fits);
  if (!found) throw new Error("The demo bank lacks a test card that the demonstration needs.");
  return found;
}
