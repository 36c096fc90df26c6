/**
 * The demo bank: clients and merchants that are the same each time, so that what is shown, documented and measured can
 * be shown again. Every card number has the form of a public test number; none was issued to anybody.
 */
import type { CardDetails } from "../shared/card-seal.js";
import { minorUnitDigitsOf } from "../shared/currencies.js";
import type { DeclineReason } from "../shared/decline.js";
import { luhnCheckDigit } from "../shared/luhn.js";

/** A client with the card that belongs to it. */
export interface DemoClient {
  readonly id: string;
  readonly card: CardDetails;
  readonly currencyCode: string;
  /** Minor units. */
  readonly openingBalance: bigint;
  readonly state: "open" | "closed";
}

export interface DemoMerchant {
  readonly id: string;
  readonly name: string;
  readonly currencyCode: string;
  readonly state: "open" | "closed";
}

/** A card of the README's table: what becomes of a payment with it, in its currency, to a merchant of that currency. */
export interface TestCard {
  readonly number: string;
  readonly expiryMonth: number;
  readonly expiryYear: number;
  readonly holderName: string;
  readonly brand: string;
  readonly currencyCode: string;
  /** Minor units. */
  readonly openingBalance: bigint;
  readonly state: "open" | "closed";
  /** A demo merchant of the card's currency. */
  readonly merchantId: string;
  readonly outcome: "SUCCEEDED" | DeclineReason;
  /** For people. */
  readonly shows: string;
}

/** The merchant whose token `npm start` prints. */
export const DEMO_MERCHANT_ID = "m-0001";
/** A merchant whose account is closed. */
export const CLOSED_MERCHANT_ID = "m-0020";

type DemoCurrency = "EUR" | "USD" | "GBP" | "CHF" | "JPY" | "TND" | "BHD" | "SEK" | "CNY";

/** Whole units of the currency, in minor units. */
function units(whole: number, currency: DemoCurrency): bigint {
  return BigInt(whole) * 10n ** BigInt(minorUnitDigitsOf(currency) ?? 0);
}

const MERCHANT_NAMES = [
  ["Librairie du Canal", "EUR"],
  ["Hudson Hardware", "USD"],
  ["Thames Tea Rooms", "GBP"],
  ["Kyoto Paper", "JPY"],
  ["Medina Ceramics", "TND"],
  ["Manama Pearls", "BHD"],
  ["Bergbahn Zermatt", "CHF"],
  ["Stockholm Cycles", "SEK"],
  ["Shanghai Silk", "CNY"],
  ["Trattoria Aurora", "EUR"],
  ["Berliner Blumen", "EUR"],
  ["Porto Records", "EUR"],
  ["Ghent Bicycles", "EUR"],
  ["Austin Audio", "USD"],
  ["Boston Books", "USD"],
  ["Seattle Roasters", "USD"],
  ["Leeds Looms", "GBP"],
  ["Osaka Knives", "JPY"],
  ["Sfax Olive Oil", "TND"],
  ["Closed Curtain Theatre", "EUR"],
] as const satisfies readonly (readonly [string, DemoCurrency])[];

export const DEMO_MERCHANTS: readonly DemoMerchant[] = MERCHANT_NAMES.map(([name, currencyCode], place) => {
  const id = `m-${String(place + 1).padStart(4, "0")}`;
  return { id, name, currencyCode, state: id === CLOSED_MERCHANT_ID ? "closed" : "open" };
});

/** Cards with enough for a bench: a million of their currency's units. */
function rich(
  number: string,
  brand: string,
  currency: DemoCurrency,
  merchantId: string,
  holderName: string,
  shows: string,
): TestCard {
  return {
    ...{ number, brand, merchantId, holderName, shows, currencyCode: currency },
    ...{ expiryMonth: 12, expiryYear: 2030, openingBalance: units(1_000_000, currency) },
    ...{ state: "open", outcome: "SUCCEEDED" },
  };
}

/** The documented dozen; public test numbers of the card schemes and of payment providers. */
export const TEST_CARDS: readonly TestCard[] = [
  rich("4242424242424242", "visa", "EUR", "m-0001", "Ada Example", "succeeds"),
  {
    ...rich("4000000000000002", "visa", "EUR", "m-0001", "Barbara Example", "declined: nothing on the account"),
    ...{ openingBalance: 0n, outcome: "INSUFFICIENT_FUNDS" },
  },
  {
    ...rich("4012888888881881", "visa", "EUR", "m-0001", "Charles Example", "declined: the client's account is closed"),
    ...{ state: "closed", outcome: "ACCOUNT_CLOSED" },
  },
  {
    ...rich(
      "4917610000000000",
      "visa",
      "EUR",
      "m-0001",
      "Dorothy Example",
      "EUR 10.00 on the account: succeeds until spent",
    ),
    openingBalance: units(10, "EUR"),
  },
  rich("5555555555554444", "mastercard", "EUR", "m-0001", "Edsger Example", "succeeds"),
  rich("2223003122003222", "mastercard", "GBP", "m-0003", "Frances Example", "succeeds; a number of the 2 series"),
  rich("378282246310005", "american-express", "USD", "m-0002", "Grace Example", "succeeds; 15 digits"),
  rich("6011111111111117", "discover", "USD", "m-0002", "Hedy Example", "succeeds"),
  rich("6200000000000005", "unionpay", "CNY", "m-0009", "Ingrid Example", "succeeds"),
  rich("3530111333300000", "jcb", "JPY", "m-0004", "John Example", "succeeds; a currency without minor units"),
  rich("4111111111111111", "visa", "TND", "m-0005", "Katherine Example", "succeeds; three digits behind the point"),
  rich("5105105105105100", "mastercard", "BHD", "m-0006", "Leslie Example", "succeeds; three digits behind the point"),
];

const CLIENT_COUNT = 1_200;

/** First digits and length of generated numbers: the test ranges of the numbers above, and Diners Club. */
const NUMBER_FORMS = [
  ["424242", 16],
  ["555555", 16],
  ["400000", 16],
  ["222300", 16],
  ["378282", 15],
  ["601111", 16],
  ["620000", 16],
  ["353011", 16],
  ["305693", 14],
] as const;

/** How often each currency comes among twenty clients. */
const CLIENT_CURRENCIES: readonly DemoCurrency[] = [
  ...(["EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "EUR"] as const),
  ...(["USD", "USD", "USD", "USD", "GBP", "GBP", "CHF", "JPY", "TND", "BHD", "SEK", "CNY"] as const),
];

const FIRST_NAMES = [
  "Alva",
  "Ben",
  "Chiara",
  "Dilan",
  "Elif",
  "Farid",
  "Greta",
  "Hugo",
  "Ines",
  "Jonas",
  "Kaia",
] as const;
const LAST_NAMES = [
  "Adler",
  "Bianchi",
  "Costa",
  "Dubois",
  "Eriksen",
  "Fischer",
  "Garcia",
  "Haddad",
  "Ito",
  "Jansen",
] as const;

/** Every client: the test cards' first, then generated ones. The same list at each call. */
export function demoClients(): readonly DemoClient[] {
  const clients = TEST_CARDS.map((testCard, place): DemoClient => {
    const { number, expiryMonth, expiryYear, holderName, currencyCode, openingBalance, state } = testCard;
    return {
      ...{ id: clientId(place), currencyCode, openingBalance, state },
      card: { number, expiryMonth, expiryYear, holderName },
    };
  });
  while (clients.length < CLIENT_COUNT) clients.push(generateClient(clients.length));
  return clients;
}

function generateClient(place: number): DemoClient {
  const random = randomSequence(place);
  const currency = pick(CLIENT_CURRENCIES, place);
  const [prefix, length] = pick(NUMBER_FORMS, Math.floor(random() * NUMBER_FORMS.length));
  return {
    id: clientId(place),
    card: {
      number: cardNumber(prefix, length, place),
      expiryMonth: 1 + Math.floor(random() * 12),
      expiryYear: 2030 + Math.floor(random() * 6),
      holderName: `${pick(FIRST_NAMES, place)} ${pick(LAST_NAMES, Math.floor(place / FIRST_NAMES.length))}`,
    },
    currencyCode: currency,
    openingBalance: units(10_000 + Math.floor(random() * 90_000), currency),
    // One in a hundred is closed.
    state: place % 100 === 99 ? "closed" : "open",
  };
}

function clientId(place: number): string {
  return `c-${String(place + 1).padStart(4, "0")}`;
}

/** A number of this form that belongs to `place` alone, with its check digit. */
function cardNumber(prefix: string, length: number, place: number): string {
  const digits = length - prefix.length - 1;
  // A multiplier without a factor in common with 10 gives each place a serial number of its own.
  const serial = (place * 7_919 + 1_013) % 10 ** digits;
  const payload = prefix + String(serial).padStart(digits, "0");
  return payload + luhnCheckDigit(payload);
}

function pick<T>(values: readonly T[], place: number): T {
  return values[place % values.length] as T;
}

/** Numbers from 0 to below 1 that look random and depend on the seed alone (a linear congruential generator). */
function randomSequence(seed: number): () => number {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // The first numbers of neighbouring seeds are close to each other.
  for (let skipped = 0; skipped < 4; skipped += 1) next();
  return next;
}
