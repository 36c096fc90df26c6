/** Step 4's decisions: pure, message after message in the order of arrival. */
import type { DeclineReason } from "../shared/decline.js";
import type { BankResultMessage } from "../shared/messages.js";
import type { LockedMerchant } from "./operations/lock-merchants.js";
import type { Receipt } from "./receipt.js";

/** What step 4 says of one message. */
export type SettlementDecision =
  /** `isNew` when this message is the one that decided it. */
  | { readonly outcome: "recorded"; readonly receipt: Receipt; readonly isNew: boolean }
  /** The message cannot be true beside the receipt that this bank has; an operator must look at it. */
  | { readonly outcome: "impossible"; readonly reason: string };

/** What a batch is judged by. */
export interface SettlementFacts {
  /** Locked: nobody closes them meanwhile. */
  readonly merchants: readonly LockedMerchant[];
  /** What was decided before, by payment id. */
  readonly recorded: ReadonlyMap<string, Receipt>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Decides about each message: what is recorded stands; a payment that comes twice in the batch is decided once. */
export function decideSettlements(
  messages: readonly BankResultMessage[],
  facts: SettlementFacts,
): readonly SettlementDecision[] {
  const settleTime = new Date(facts.now).toISOString();
  const merchants = new Map(facts.merchants.map((merchant) => [merchant.id, merchant]));
  const decided = new Map(facts.recorded);

  return messages.map((message): SettlementDecision => {
    const before = decided.get(message.paymentId);
    if (before !== undefined) {
      if (contradicts(message, before)) {
        return { outcome: "impossible", reason: "It is not the payment that merchant-bank has a receipt of." };
      }
      return { outcome: "recorded", receipt: before, isNew: false };
    }
    const declineReason = message.declineReason ?? reasonToDecline(message, merchants.get(message.merchantId));
    const declinedBy = message.declineReason === undefined ? "merchant-bank" : "client-side";
    const receipt: Receipt = {
      paymentId: message.paymentId,
      merchantId: message.merchantId,
      currency: message.amount.currencyCode,
      amount: BigInt(message.amount.minorUnits),
      outcome: declineReason === undefined ? "credited" : "declined",
      declineReason: declineReason ?? null,
      declinedBy: declineReason === undefined ? null : declinedBy,
      settleTime,
    };
    decided.set(receipt.paymentId, receipt);
    return { outcome: "recorded", receipt, isNew: true };
  });
}

function reasonToDecline(message: BankResultMessage, merchant: LockedMerchant | undefined): DeclineReason | undefined {
  if (merchant === undefined) return "MERCHANT_UNKNOWN";
  if (merchant.state !== "open") return "MERCHANT_CLOSED";
  if (merchant.currency !== message.amount.currencyCode) return "CURRENCY_NOT_SUPPORTED";
  return undefined;
}

/** A client's bank that tells the same payment in two ways has lost its records, or is not the client's bank. */
function contradicts(message: BankResultMessage, receipt: Receipt): boolean {
  const cameDeclined = receipt.declinedBy === "client-side" ? receipt.declineReason : null;
  return (
    message.merchantId !== receipt.merchantId ||
    message.amount.currencyCode !== receipt.currency ||
    message.amount.minorUnits !== receipt.amount.toString() ||
    (message.declineReason ?? null) !== cameDeclined
  );
}
