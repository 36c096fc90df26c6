/** The demo bank's test cards as a Markdown table, for the README. */
import { TEST_CARDS, type TestCard } from "./demo-bank.js";

/** One row for each documented card, in the order of the demo bank. */
export function testCardTable(): string {
  return [
    "| number | brand | expiry | currency | merchant | a payment with it |",
    "|---|---|---|---|---|---|",
    ...TEST_CARDS.map(row),
  ].join("\n");
}

function row(card: TestCard): string {
  const expiry = `${String(card.expiryMonth).padStart(2, "0")}/${card.expiryYear}`;
  const brand = card.brand.replaceAll("-", " ");
  return `| \`${card.number}\` | ${brand} | ${expiry} | ${card.currencyCode} | \`${card.merchantId}\` | ${card.shows} |`;
}
