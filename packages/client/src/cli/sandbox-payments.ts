/** Payments of every kind, made with the sandbox's test cards: for integrators who want to see what each looks like. */
import type { Money, Payment, Refund } from "../gen/resources.js";
import { TEST_CARDS, type TestCard } from "../gen/test-cards.js";
import type { QuittanceClient } from "../quittance-client.js";
import { UsageError } from "./command.js";

const WAIT_SECONDS = 30;
/** In minor units: little enough for every test card. */
const MINOR_UNITS = 100n;

/** A kind of payment that can be made. */
export interface SandboxPayment {
  readonly name: string;
  /** One line for people. */
  readonly shows: string;
  make(sandbox: Sandbox): Promise<Payment | Refund>;
}

/** Who pays whom, and in which currency. */
export interface Sandbox {
  readonly client: QuittanceClient;
  readonly currencyCode: string;
}

/** In the order in which they are listed. The first names are those of the events that follow from them. */
export const SANDBOX_PAYMENTS: readonly SandboxPayment[] = [
  { name: "payment.succeeded", shows: "a good card", make: (sandbox) => pay(sandbox) },
  {
    name: "payment.declined",
    shows: "too little on the account",
    make: (sandbox) => pay(sandbox, { card: cardThat(sandbox, "INSUFFICIENT_FUNDS") }),
  },
  {
    name: "payment.canceled",
    shows: "held, then released",
    make: async (sandbox) => {
      const { id } = await pay(sandbox, { capture: "MANUAL" });
      return sandbox.client.payments.cancel(id, { waitSeconds: WAIT_SECONDS });
    },
  },
  {
    name: "refund.succeeded",
    shows: "paid, then all of it refunded",
    make: async (sandbox) => {
      const { id } = await pay(sandbox);
      return (await sandbox.client.payments.refund(id, { waitSeconds: WAIT_SECONDS })).refund;
    },
  },
  {
    name: "refund.declined",
    shows: "paid, then more asked back than was paid",
    make: async (sandbox) => {
      const { id } = await pay(sandbox);
      const amount = { currencyCode: sandbox.currencyCode, minorUnits: MINOR_UNITS + 1n };
      return (await sandbox.client.payments.refund(id, { amount, waitSeconds: WAIT_SECONDS })).refund;
    },
  },
  { name: "authorized", shows: "held, and left so", make: (sandbox) => pay(sandbox, { capture: "MANUAL" }) },
  {
    name: "captured",
    shows: "held, then half of it taken",
    make: async (sandbox) => {
      const { id } = await pay(sandbox, { capture: "MANUAL" });
      const amount = { currencyCode: sandbox.currencyCode, minorUnits: MINOR_UNITS / 2n };
      return sandbox.client.payments.capture(id, { amount, waitSeconds: WAIT_SECONDS });
    },
  },
  {
    name: "card-expired",
    shows: "declined: the card's expiry is past",
    make: (sandbox) => pay(sandbox, { card: { ...cardThat(sandbox, "SUCCEEDED"), expiryYear: 2020 } }),
  },
  {
    name: "card-mistyped",
    shows: "declined: the number fails its check digit",
    make: (sandbox) => pay(sandbox, { card: mistyped(cardThat(sandbox, "SUCCEEDED")) }),
  },
  {
    name: "account-closed",
    shows: "declined: the client's account is closed",
    make: (sandbox) => pay(sandbox, { card: cardThat(sandbox, "ACCOUNT_CLOSED") }),
  },
];

function pay(
  sandbox: Sandbox,
  { card = cardThat(sandbox, "SUCCEEDED"), capture = "AUTOMATIC" }: { card?: TestCard; capture?: string } = {},
): Promise<Payment> {
  const { number, expiryMonth, expiryYear, holderName } = card;
  const amount: Money = { currencyCode: sandbox.currencyCode, minorUnits: MINOR_UNITS };
  const description = "Made by quittance trigger";
  return sandbox.client.payments.pay({
    ...{ card: { number, expiryMonth, expiryYear, holderName }, amount, description, capture },
    waitSeconds: WAIT_SECONDS,
  });
}

/** @throws UsageError when the sandbox has none of this currency. */
function cardThat({ currencyCode }: Sandbox, outcome: string): TestCard {
  const found = TEST_CARDS.find((card) => card.currencyCode === currencyCode && card.outcome === outcome);
  if (found === undefined) throw new UsageError(`The sandbox has no card of ${currencyCode} for this kind.`);
  return found;
}

function mistyped(card: TestCard): TestCard {
  return { ...card, number: card.number.replace(/.$/, (digit) => String((Number(digit) + 1) % 10)) };
}
