/** Who has accounts in a simulated system, and the keys of its services. */
import { fingerprintCard } from "../../dist/shared/card-fingerprint.js";
import type { CardDetails } from "../../dist/shared/card-seal.js";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import { messageKeysOf } from "../../dist/stack/service-table.js";
import { START_MS } from "./clock.js";
import type { ClientRow, DeadlineExtensionRow } from "./database/client-bank-tables.js";
import type { MerchantRow } from "./database/merchant-bank-tables.js";
import type { WebhookEndpointRow } from "./database/notification-tables.js";
import type { SimulatedServer } from "./database/simulated-server.js";

const keyOf = (fill: number) => new Uint8Array(32).fill(fill);

/** The gateways have both keys of payment ids, each another one in front. */
export const KEYS = { paymentId: keyOf(1), nextPaymentId: keyOf(5), sealing: keyOf(2), fingerprint: keyOf(3) };
const MESSAGE_SECRET = Buffer.from(keyOf(4)).toString("base64");

/** `MESSAGE_KEYS` of a service. */
export function messageKeysText(service: ServiceName): string {
  return messageKeysOf(service, MESSAGE_SECRET);
}

function card(number: string, expiryYear = 2030): CardDetails {
  return { number, expiryMonth: 12, expiryYear, holderName: "A. Holder" };
}

/** Cards of clients with little money, so that balances decide; one that expired, one that nobody has, one that is wrong. */
export const CARDS: readonly CardDetails[] = [
  card("4242424242424242"),
  card("5555555555554444"),
  card("378282246310005"),
  card("4012888888881881"),
  card("6011111111111117", 2025),
  card("4000000000000002"),
  card("4242424242424241"),
];

/** The cards that most payments are made with: their clients are open and have the merchants' currency. */
export const HOT_CARDS = CARDS.slice(0, 2);

/** The first two take most payments. */
export const MERCHANTS: readonly string[] = ["m-1", "m-2", "m-closed", "m-unknown"];

const CLIENTS: readonly ClientRow[] = [
  { number: 0, currency: "EUR", balance: 500n, state: "open" as const },
  { number: 1, currency: "EUR", balance: 120n, state: "open" as const },
  { number: 2, currency: "USD", balance: 300n, state: "open" as const },
  { number: 3, currency: "EUR", balance: 300n, state: "closed" as const },
].map(({ number, currency, balance, state }) => ({
  id: `c-${number}`,
  cardFingerprint: fingerprintCard(CARDS[number]?.number ?? "", KEYS.fingerprint),
  // Of some, while keys of fingerprints change.
  formerCardFingerprint: number < 2 ? `former-${number}` : null,
  cardExpiryMonth: 12,
  cardExpiryYear: 2030,
  currency,
  balance,
  held: 0n,
  openingBalance: balance,
  state,
  wrongExpiries: 0,
  wrongExpiriesSince: null,
}));

const MERCHANT_ROWS: readonly MerchantRow[] = [
  { id: "m-1", currency: "EUR", balance: 0n, openingBalance: 0n, state: "open" },
  { id: "m-2", currency: "EUR", balance: 50n, openingBalance: 50n, state: "open" },
  { id: "m-closed", currency: "EUR", balance: 0n, openingBalance: 0n, state: "closed" },
];

/** The first merchant has one for all types and one for some; the second one's is disabled, and its events are kept. */
const WEBHOOK_ENDPOINTS: readonly WebhookEndpointRow[] = [
  { id: "we_all", merchantId: "m-1", state: "enabled", eventTypes: [] },
  { id: "we_declines", merchantId: "m-1", state: "enabled", eventTypes: ["payment.declined", "refund.declined"] },
  { id: "we_off", merchantId: "m-2", state: "disabled", eventTypes: [] },
];

const TEMPLATES = ["payment-succeeded", "payment-declined", "payment-canceled", "refund-succeeded", "refund-declined"];

/** Payments of the comparison with PostgreSQL whose deadlines an operator moved, some of them twice. */
const EXTENSIONS: readonly DeadlineExtensionRow[] = Array.from({ length: 40 }, (_, number) =>
  [65, 90].map((seconds) => ({
    paymentId: `pay_${number}_${1 + (number % 4)}`,
    deadline: new Date(START_MS + seconds * 1_000).toISOString(),
  })),
).flat();

/** The rows that are there before anything happens, by table. */
export const SEED_ROWS = {
  clients: CLIENTS,
  merchants: MERCHANT_ROWS,
  extensions: EXTENSIONS,
  webhookEndpoints: WEBHOOK_ENDPOINTS,
} as const;

export function fillSystem(server: SimulatedServer): void {
  for (const row of CLIENTS) server.clientBank.clients.seed(row);
  for (const row of EXTENSIONS) server.clientBank.extensions.seed(row);
  for (const row of MERCHANT_ROWS) server.merchantBank.merchants.seed(row);
  for (const row of WEBHOOK_ENDPOINTS) server.notification.webhookEndpoints.seed(row);
  for (const name of TEMPLATES) {
    server.notification.templates.seed({
      name,
      language: "en",
      version: 1,
      subject: name,
      body: "{{ merchant }}: {{ amount }}",
    });
  }
}
