/** Step R2's decisions: pure, message after message in the order of arrival. */
import { LEAST_WAIT_MS } from "../shared/come-again.js";
import type { RefundDeclineReason } from "../shared/decline.js";
import { merchantDataColumns, merchantDataPairs } from "../shared/merchant-data.js";
import type { RefundMessage } from "../shared/refund-messages.js";
import { differingFields, type ReuseColumns, STANDS } from "../shared/request-id-reuse.js";
import type { LockedMerchant } from "./operations/lock-merchants.js";
import type { LockedReceipt } from "./operations/lock-receipts.js";
import type { RefundRecord } from "./refund-record.js";

/** What step R2 says of one message. */
export type RefundDecision =
  /** `isNew` when this message is the one that decided it. */
  | { readonly outcome: "recorded"; readonly refund: RefundRecord; readonly isNew: boolean }
  /** The payment is not settled and may still be: nothing is decided, and the refund comes again. */
  | { readonly outcome: "waits"; readonly sinceMs: number }
  /** The message cannot be true beside what this bank recorded; an operator must look at it. */
  | { readonly outcome: "impossible"; readonly reason: string };

/** What a batch is judged by. */
export interface RefundFacts {
  /** Locked: nobody else changes their balances. */
  readonly merchants: readonly LockedMerchant[];
  /** By payment id, locked: nobody else refunds of them. */
  readonly receipts: ReadonlyMap<string, LockedReceipt>;
  /** What was decided before: the refunds of the batch, and those that stand under its request_ids. */
  readonly recorded: Iterable<RefundRecord>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A refund as it was asked for, and since when it waits for its payment to be settled, if it came too early before. */
export type RefundRequested = RefundMessage & { readonly waitingSinceMs?: number | undefined };

const SAME_ID_OTHER_PARAMETERS = "Its id is that of a refund with other parameters.";
const OTHER_ID_SAME_FIELDS =
  "Its request is recorded under another refund id, and no field differs: was the key of payment ids changed?";

/**
 * Decides about each message: what is recorded stands, under whichever key its id was made; of several refunds under one request_id the first stands, and the
 * others are declined; several refunds of one payment or merchant are each judged
 * against what the ones before left; a refund that comes twice in the batch is decided once.
 */
export function decideRefunds(messages: readonly RefundRequested[], facts: RefundFacts): readonly RefundDecision[] {
  const debitTime = new Date(facts.now).toISOString();
  const merchants = new Map(facts.merchants.map((merchant) => [merchant.id, merchant]));
  const balances = new Map(facts.merchants.map((merchant) => [merchant.id, merchant.balance]));
  const refunded = new Map([...facts.receipts].map(([id, receipt]) => [id, receipt.refundedAmount]));
  const decided = new Map<string, RefundRecord>();
  const standing = new Map<string, RefundRecord>();
  const remember = (refund: RefundRecord) => {
    decided.set(refund.id, refund);
    if (refund.standingId === null) standing.set(requestOf(refund), refund);
  };
  for (const refund of facts.recorded) remember(refund);

  return messages.map((message): RefundDecision => {
    const before = decided.get(message.refundId);
    if (before !== undefined) {
      if (before.parametersHash !== message.parametersHash) {
        return { outcome: "impossible", reason: SAME_ID_OTHER_PARAMETERS };
      }
      return { outcome: "recorded", refund: before, isNew: false };
    }
    const alternate = message.alternateIds?.map((id) => decided.get(id)).find((known) => known !== undefined);
    if (alternate !== undefined) return { outcome: "recorded", refund: alternate, isNew: false };
    const first = standing.get(requestOf(message));
    const reuse = first === undefined ? STANDS : reuseFor(first, message);
    if (reuse === undefined) return { outcome: "impossible", reason: OTHER_ID_SAME_FIELDS };
    const receipt = facts.receipts.get(message.paymentId);
    const sinceMs = message.waitingSinceMs ?? facts.now;
    if (receipt === undefined && reuse.standingId === null && maySettle(message, sinceMs, facts.now)) {
      return { outcome: "waits", sinceMs };
    }
    const gone = refunded.get(message.paymentId) ?? 0n;
    const left = receipt === undefined ? 0n : receipt.amount - gone;
    const asked = message.amount === undefined ? undefined : BigInt(message.amount.minorUnits);
    const amount = asked ?? left;
    const balance = balances.get(message.merchantId) ?? 0n;
    const merchant = merchants.get(message.merchantId);
    const declineReason =
      reuse.standingId === null
        ? reasonToDecline(message, { receipt, merchant, left, amount, balance })
        : "REQUEST_ID_REUSED";
    if (declineReason === undefined) {
      refunded.set(message.paymentId, gone + amount);
      balances.set(message.merchantId, balance - amount);
    }
    const known = declineReason === undefined ? { currency: receipt?.currency ?? null, amount } : undefined;
    const refund: RefundRecord = {
      id: message.refundId,
      paymentId: message.paymentId,
      merchantId: message.merchantId,
      requestId: message.requestId,
      parametersHash: message.parametersHash,
      ...(known ?? { currency: message.amount?.currencyCode ?? null, amount: asked ?? null }),
      ...merchantDataColumns(message),
      outcome: declineReason === undefined ? "debited" : "declined",
      declineReason: declineReason ?? null,
      acceptTime: message.acceptTime,
      debitTime,
      ...reuse,
    };
    remember(refund);
    return { outcome: "recorded", refund, isNew: true };
  });
}

/** Whether a payment without a receipt can still get one, as far as this bank can know. */
function maySettle({ settleBy }: RefundMessage, sinceMs: number, now: number): boolean {
  return settleBy !== undefined && (now <= Date.parse(settleBy) || now < sinceMs + LEAST_WAIT_MS);
}

/** Refunds under one request_id. */
function requestOf({ merchantId, requestId }: Pick<RefundRecord, "merchantId" | "requestId">): string {
  return `${merchantId} ${requestId}`;
}

/** In what a request differs from the one that stands, by the paths of the proto; undefined when it is the same one. */
function reuseFor(first: RefundRecord, message: RefundMessage): ReuseColumns | undefined {
  const { paymentId, amount, parametersHash } = message;
  const fields = differingFields([
    ["id", first.paymentId, paymentId],
    ["amount.currency_code", first.currency ?? undefined, amount?.currencyCode],
    ["amount.minor_units", first.amount?.toString(), amount?.minorUnits],
    ...merchantDataPairs(first, message),
  ]);
  // A refund of all that was left is recorded with its amount; a request that names none is another than one that does.
  if (fields.length === 0 && first.parametersHash !== parametersHash) fields.push("amount");
  return fields.length === 0 ? undefined : { standingId: first.id, differingFields: fields };
}

function reasonToDecline(
  message: RefundMessage,
  facts: {
    readonly receipt: LockedReceipt | undefined;
    readonly merchant: LockedMerchant | undefined;
    readonly left: bigint;
    readonly amount: bigint;
    readonly balance: bigint;
  },
): RefundDeclineReason | undefined {
  const { receipt, merchant, left, amount, balance } = facts;
  // The gateway lets nobody name another merchant's payment; here it counts as none.
  if (receipt === undefined || receipt.merchantId !== message.merchantId) return "PAYMENT_NOT_SETTLED";
  if (receipt.outcome === "declined") return "PAYMENT_DECLINED";
  if (merchant === undefined || merchant.state !== "open") return "MERCHANT_CLOSED";
  if (message.amount !== undefined && message.amount.currencyCode !== receipt.currency) return "CURRENCY_MISMATCH";
  if (left === 0n) return "ALREADY_REFUNDED";
  if (amount > left) return "AMOUNT_TOO_HIGH";
  if (amount > balance) return "INSUFFICIENT_FUNDS";
  return undefined;
}
