/** Step 3's decisions: pure, payment after payment in the order of arrival. */
import type { DeclineReason } from "../shared/decline.js";
import { merchantDataColumns, merchantDataPairs } from "../shared/merchant-data.js";
import type { ValidationResultMessage } from "../shared/messages.js";
import { differingFields, type ReuseColumns, STANDS } from "../shared/request-id-reuse.js";
import type { GuessTally } from "./card-guesses.js";
import type { LockedClient } from "./operations/lock-clients.js";
import type { PaymentRecord } from "./payment-record.js";

/** What step 3 says of one message. */
export type CaptureDecision =
  /** `isNew` when this message is the one that decided it. */
  | { readonly outcome: "recorded"; readonly payment: PaymentRecord; readonly isNew: boolean }
  /** The message cannot be true beside what this bank recorded; an operator must look at it. */
  | { readonly outcome: "impossible"; readonly reason: string };

/** What a batch is judged by. */
export interface CaptureFacts {
  /** Of the cards in the batch, locked: nobody else changes their balances. */
  readonly clients: readonly LockedClient[];
  /** What was decided before: the payments of the batch, and those that stand under its request_ids. */
  readonly recorded: Iterable<PaymentRecord>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long the money of a payment that is captured by hand is held, in milliseconds [7 days]. */
  readonly holdMs?: number | undefined;
  /** The guesses that count, to which those of the batch are added; without it none are counted. */
  readonly guesses?: GuessTally | undefined;
}

const DEFAULT_HOLD_MS = 7 * 86_400_000;

const SAME_ID_OTHER_PARAMETERS = "Its id is that of a payment with other parameters.";
const OTHER_ID_SAME_FIELDS =
  "Its request is recorded under another payment id, and no field that is known differs: is a key of payment ids missing?";

/**
 * Decides about each message: what is recorded stands, under whichever key its id was made; of several payments under one request_id the first stands, and
 * the others are declined; several payments of one client are each judged against what the ones before left; a payment
 * that comes twice in the batch is decided once.
 */
export function decideCaptures(
  messages: readonly ValidationResultMessage[],
  facts: CaptureFacts,
): readonly CaptureDecision[] {
  const captureTime = new Date(facts.now).toISOString();
  const clients = new Map(facts.clients.flatMap((client) => fingerprintsOf(client).map((own) => [own, client])));
  // What can be spent: of the balance, what is not held.
  const balances = new Map(facts.clients.map(({ id, balance, held }) => [id, balance - held]));
  const decided = new Map<string, PaymentRecord>();
  const standing = new Map<string, PaymentRecord>();
  const remember = (payment: PaymentRecord) => {
    decided.set(payment.id, payment);
    if (payment.standingId === null) standing.set(requestOf(payment), payment);
  };
  for (const payment of facts.recorded) remember(payment);

  return messages.map((message): CaptureDecision => {
    const before = decided.get(message.paymentId);
    if (before !== undefined) {
      if (before.parametersHash !== message.parametersHash) {
        return { outcome: "impossible", reason: SAME_ID_OTHER_PARAMETERS };
      }
      return { outcome: "recorded", payment: before, isNew: false };
    }
    const alternate = message.alternateIds?.map((id) => decided.get(id)).find((known) => known !== undefined);
    if (alternate !== undefined) return { outcome: "recorded", payment: alternate, isNew: false };
    const first = standing.get(requestOf(message));
    const reuse = first === undefined ? STANDS : reuseFor(first, message, clients.get(message.card.fingerprint));
    if (reuse === "same") return { outcome: "recorded", payment: first as PaymentRecord, isNew: false };
    if (reuse === "unknown") return { outcome: "impossible", reason: OTHER_ID_SAME_FIELDS };
    // What came declined, or may not be, is recorded as such: whose card it was no longer matters.
    const refused = reuse.standingId === null ? message.declineReason : "REQUEST_ID_REUSED";
    const amount = BigInt(message.amount.minorUnits);
    const client = refused === undefined ? clients.get(message.card.fingerprint) : undefined;
    const balance = client === undefined ? 0n : (balances.get(client.id) ?? 0n);
    const guesses = facts.guesses;
    const declineReason = refused ?? reasonToDecline(message, { client, balance, amount, now: facts.now, guesses });
    if (declineReason === undefined && client !== undefined) balances.set(client.id, balance - amount);
    const approved = declineReason === undefined;
    const verdict = { clientId: client?.id ?? null, declineReason: declineReason ?? null, captureTime };
    const money =
      approved && message.capture === "manual"
        ? heldUntil(facts.now + (facts.holdMs ?? DEFAULT_HOLD_MS), captureTime)
        : { ...NOT_HELD, capturedAmount: approved ? amount : 0n };
    const payment: PaymentRecord = { ...asAsked(message), ...verdict, ...money, ...reuse };
    remember(payment);
    guesses?.count(payment);
    return { outcome: "recorded", payment, isNew: true };
  });
}

/** What the message says of the payment; nothing has come of it yet. */
function asAsked(
  message: ValidationResultMessage,
): Omit<PaymentRecord, "clientId" | "declineReason" | "captureTime" | keyof ReuseColumns | keyof MoneyColumns> {
  return {
    id: message.paymentId,
    merchantId: message.merchantId,
    requestId: message.requestId,
    parametersHash: message.parametersHash,
    currency: message.amount.currencyCode,
    amount: BigInt(message.amount.minorUnits),
    description: message.description,
    ...merchantDataColumns(message),
    capture: message.capture ?? null,
    cardBrand: message.card.brand,
    cardLastFour: message.card.lastFour,
    cardExpiryMonth: message.card.expiryMonth,
    cardExpiryYear: message.card.expiryYear,
    cardFingerprint: message.card.fingerprint,
    cardHolder: message.card.holder ?? null,
    acceptTime: message.acceptTime,
    deadline: message.deadline,
    validateTime: message.validateTime,
    settleTime: null,
    finishTime: null,
    givenBackAmount: 0n,
    refundedAmount: 0n,
    lastRefundTime: null,
  };
}

/** What the verdict does with the money. */
type MoneyColumns = Pick<PaymentRecord, "state" | "capturedAmount" | "authorizeTime" | "holdExpireTime">;

const NOT_HELD = { state: "PENDING", authorizeTime: null, holdExpireTime: null } as const;

function heldUntil(expireMs: number, authorizeTime: string): MoneyColumns {
  return { state: "AUTHORIZED", capturedAmount: 0n, authorizeTime, holdExpireTime: new Date(expireMs).toISOString() };
}

/** Payments under one request_id; a merchant's id may hold anything but is followed by a request_id, which has no space. */
function requestOf({ merchantId, requestId }: Pick<PaymentRecord, "merchantId" | "requestId">): string {
  return `${merchantId} ${requestId}`;
}

function fingerprintsOf({ cardFingerprint, formerCardFingerprint }: LockedClient): string[] {
  return formerCardFingerprint === null ? [cardFingerprint] : [cardFingerprint, formerCardFingerprint];
}

/**
 * In what a request differs from the one that stands, by the paths of the proto. It is the same when all fields are known
 * and none differs, whatever its id: its gateway lacks the key that the other id was made with.
 */
function reuseFor(
  first: PaymentRecord,
  message: ValidationResultMessage,
  client: LockedClient | undefined,
): ReuseColumns | "same" | "unknown" {
  const { amount, card, description } = message;
  // A client has one card: two fingerprints of it, and of its holder, were made under two keys.
  const otherKey = first.cardFingerprint !== card.fingerprint && client !== undefined && first.clientId === client.id;
  const firstCard = otherKey ? card.fingerprint : (first.cardFingerprint ?? undefined);
  const firstHolder = otherKey ? undefined : (first.cardHolder ?? undefined);
  const fields = differingFields([
    ["amount.currency_code", first.currency, amount.currencyCode],
    ["amount.minor_units", first.amount.toString(), amount.minorUnits],
    ["card.number", firstCard, card.fingerprint],
    ["card.expiry_month", first.cardExpiryMonth, card.expiryMonth],
    ["card.expiry_year", first.cardExpiryYear, card.expiryYear],
    ["card.holder_name", firstHolder, card.holder],
    ["description", first.description, description],
    ...merchantDataPairs(first, message),
    ["capture", first.capture, message.capture ?? null],
  ]);
  if (fields.length > 0) return { standingId: first.id, differingFields: fields };
  return firstCard === undefined || firstHolder === undefined || card.holder === undefined ? "unknown" : "same";
}

function reasonToDecline(
  message: ValidationResultMessage,
  facts: {
    readonly client: LockedClient | undefined;
    readonly balance: bigint;
    readonly amount: bigint;
    readonly now: number;
    readonly guesses: GuessTally | undefined;
  },
): DeclineReason | undefined {
  const { client, balance, amount, now, guesses } = facts;
  // Before all else: the reason of the decline then reveals nothing about the card.
  if (guesses?.isOver(message.merchantId, client?.id)) return "TOO_MANY_ATTEMPTS";
  if (client === undefined) return "CARD_UNKNOWN";
  const { expiryMonth, expiryYear } = message.card;
  if (client.cardExpiryMonth !== expiryMonth || client.cardExpiryYear !== expiryYear) return "EXPIRY_MISMATCH";
  if (client.state !== "open") return "ACCOUNT_CLOSED";
  if (client.currency !== message.amount.currencyCode) return "CURRENCY_NOT_SUPPORTED";
  if (now > Date.parse(message.deadline)) return "DEADLINE_PASSED";
  if (balance < amount) return "INSUFFICIENT_FUNDS";
  return undefined;
}
