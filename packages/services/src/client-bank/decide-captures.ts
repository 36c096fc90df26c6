/** Step 3's decisions: pure, payment after payment in the order of arrival. */
import type { DeclineReason } from "../shared/decline.js";
import type { ValidationResultMessage } from "../shared/messages.js";
import type { LockedClient } from "./operations/lock-clients.js";
import type { PaymentRecord } from "./payment-record.js";

/** What step 3 says of one message. */
export type CaptureDecision =
  /** `isNew` when this message is the one that decided it. */
  | { readonly outcome: "recorded"; readonly payment: PaymentRecord; readonly isNew: boolean }
  /** The payment's id is taken by a request with other parameters. */
  | { readonly outcome: "request-id-reused" };

/** What a batch is judged by. */
export interface CaptureFacts {
  /** Of the cards in the batch, locked: nobody else changes their balances. */
  readonly clients: readonly LockedClient[];
  /** What was decided before, by payment id. */
  readonly recorded: ReadonlyMap<string, PaymentRecord>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Decides about each message: what is recorded stands; several payments of one client are each judged against what the
 * ones before left; a payment that comes twice in the batch is decided once.
 */
export function decideCaptures(
  messages: readonly ValidationResultMessage[],
  facts: CaptureFacts,
): readonly CaptureDecision[] {
  const captureTime = new Date(facts.now).toISOString();
  const clients = new Map(facts.clients.map((client) => [client.cardFingerprint, client]));
  const balances = new Map(facts.clients.map((client) => [client.id, client.balance]));
  const decided = new Map(facts.recorded);

  return messages.map((message): CaptureDecision => {
    const before = decided.get(message.paymentId);
    if (before !== undefined) {
      if (before.parametersHash !== message.parametersHash) return { outcome: "request-id-reused" };
      return { outcome: "recorded", payment: before, isNew: false };
    }
    const amount = BigInt(message.amount.minorUnits);
    // A payment that came declined is recorded as it came: whose card it was no longer matters.
    const client = message.declineReason === undefined ? clients.get(message.card.fingerprint) : undefined;
    const balance = client === undefined ? 0n : (balances.get(client.id) ?? 0n);
    const declineReason =
      message.declineReason ?? reasonToDecline(message, { client, balance, amount, now: facts.now });
    if (declineReason === undefined && client !== undefined) balances.set(client.id, balance - amount);
    const payment: PaymentRecord = {
      id: message.paymentId,
      merchantId: message.merchantId,
      requestId: message.requestId,
      parametersHash: message.parametersHash,
      currency: message.amount.currencyCode,
      amount,
      description: message.description,
      clientId: client?.id ?? null,
      state: "PENDING",
      declineReason: declineReason ?? null,
      cardBrand: message.card.brand,
      cardLastFour: message.card.lastFour,
      cardExpiryMonth: message.card.expiryMonth,
      cardExpiryYear: message.card.expiryYear,
      acceptTime: message.acceptTime,
      deadline: message.deadline,
      validateTime: message.validateTime,
      captureTime,
      settleTime: null,
      finishTime: null,
      capturedAmount: declineReason === undefined ? amount : 0n,
      givenBackAmount: 0n,
      refundedAmount: 0n,
    };
    decided.set(payment.id, payment);
    return { outcome: "recorded", payment, isNew: true };
  });
}

function reasonToDecline(
  message: ValidationResultMessage,
  facts: {
    readonly client: LockedClient | undefined;
    readonly balance: bigint;
    readonly amount: bigint;
    readonly now: number;
  },
): DeclineReason | undefined {
  const { client, balance, amount, now } = facts;
  if (client === undefined) return "CARD_UNKNOWN";
  const { expiryMonth, expiryYear } = message.card;
  if (client.cardExpiryMonth !== expiryMonth || client.cardExpiryYear !== expiryYear) return "EXPIRY_MISMATCH";
  if (client.state !== "open") return "ACCOUNT_CLOSED";
  if (client.currency !== message.amount.currencyCode) return "CURRENCY_NOT_SUPPORTED";
  if (now > Date.parse(message.deadline)) return "DEADLINE_PASSED";
  if (balance < amount) return "INSUFFICIENT_FUNDS";
  return undefined;
}
