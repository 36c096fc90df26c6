/** What steps H2 and H3 decide about holds: pure, order after order as they came, and hold after hold. */

import { LEAST_WAIT_MS } from "../shared/come-again.js";
import { cancelReasonOf } from "../shared/decline.js";
import { type HoldOrderMessage, type HoldRefusal, judgeHoldOrder } from "../shared/hold-order.js";
import type { PaymentRecord } from "./payment-record.js";

/** What step H2 says of one order. */
export type HoldDecision =
  /** The payment is captured or canceled as asked. `isNew` when this order is the one that concluded it. */
  | { readonly outcome: "concluded"; readonly payment: PaymentRecord; readonly isNew: boolean }
  /** The hold had expired when the order came, and nobody had ended it: this one does. */
  | { readonly outcome: "expired"; readonly payment: PaymentRecord }
  /** The payment is as it was; whoever waits is told how it stands. */
  | { readonly outcome: "refused"; readonly payment: PaymentRecord; readonly refusal: HoldRefusal }
  /** The payment is not recorded and may still be: nothing is decided, and the order comes again. */
  | { readonly outcome: "waits"; readonly sinceMs: number }
  /** There is no such payment of the merchant's, and there will be none: nothing is to be done. */
  | { readonly outcome: "unknown" };

/** An order, and since when it waits for its payment to be recorded, if it came too early before. */
export type HoldOrdered = HoldOrderMessage & { readonly waitingSinceMs?: number | undefined };

/** What a batch of orders is judged by. */
export interface HoldFacts {
  /** By each id that an order may name it by, locked. */
  readonly payments: ReadonlyMap<string, PaymentRecord>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Decides about each order: a payment is concluded once; of several orders of one payment the first decides. */
export function decideHolds(orders: readonly HoldOrdered[], facts: HoldFacts): readonly HoldDecision[] {
  const changed = new Map<string, PaymentRecord>();
  return orders.map((order): HoldDecision => {
    const found = facts.payments.get(order.paymentId);
    const payment = found && (changed.get(found.id) ?? found);
    // The gateway lets nobody name another merchant's payment; here it would be as good as none.
    if (payment === undefined || payment.merchantId !== order.merchantId) {
      const sinceMs = order.waitingSinceMs ?? facts.now;
      return payment === undefined && mayBeRecorded(order, sinceMs, facts.now)
        ? { outcome: "waits", sinceMs }
        : { outcome: "unknown" };
    }
    const verdict = judgeHoldOrder(order, {
      ...payment,
      wasHeld: payment.authorizeTime !== null,
      cancelReason: cancelReasonOf(payment.declineReason),
    });
    if (typeof verdict === "object") return { outcome: "refused", payment, refusal: verdict.refusal };
    if (verdict === "done") return { outcome: "concluded", payment, isNew: false };
    const isExpired = isDue(payment, facts.now);
    const concluded = isExpired
      ? released(payment, "AUTHORIZATION_EXPIRED", facts.now)
      : obeyed(payment, order, facts.now);
    changed.set(payment.id, concluded);
    return isExpired
      ? { outcome: "expired", payment: concluded }
      : { outcome: "concluded", payment: concluded, isNew: true };
  });
}

/** What step H3 does about one hold that was due when it was looked for. */
export type ExpiryDecision =
  /** It is released, and its end is told. */
  | { readonly outcome: "expired"; readonly payment: PaymentRecord }
  /** It was released some time ago and is not final: whoever released it may have died before the end was told. */
  | { readonly outcome: "told again"; readonly payment: PaymentRecord };

/**
 * Decides about holds that were due; those that somebody else has concluded or told meanwhile are left out.
 * @param again how soon, in milliseconds, their ends are told again unless the payments are final; each time it takes twice
 * as long, so that little is sent to a merchant's bank that is away.
 */
export function decideExpiries(
  payments: Iterable<PaymentRecord>,
  { now, again }: { readonly now: number; readonly again: number },
): readonly ExpiryDecision[] {
  const decisions: ExpiryDecision[] = [];
  for (const payment of payments) {
    if (!isDue(payment, now)) continue;
    const toldForMs = payment.state === "AUTHORIZED" ? 0 : now - Date.parse(payment.captureTime);
    const holdExpireTime = new Date(now + Math.max(again, toldForMs)).toISOString();
    if (payment.state === "AUTHORIZED") {
      const expired = { ...released(payment, "AUTHORIZATION_EXPIRED", now), holdExpireTime };
      decisions.push({ outcome: "expired", payment: expired });
    } else decisions.push({ outcome: "told again", payment: { ...payment, holdExpireTime } });
  }
  return decisions;
}

function isDue({ holdExpireTime }: PaymentRecord, now: number): boolean {
  return holdExpireTime !== null && Date.parse(holdExpireTime) <= now;
}

/** Whether a payment that is not recorded can still be, as far as this bank can know. */
function mayBeRecorded({ recordBy }: HoldOrderMessage, sinceMs: number, now: number): boolean {
  return now <= Date.parse(recordBy) || now < sinceMs + LEAST_WAIT_MS;
}

function obeyed(payment: PaymentRecord, { action, amount }: HoldOrderMessage, now: number): PaymentRecord {
  if (action === "cancel") return released(payment, "PAYMENT_CANCELED", now);
  const capturedAmount = amount === undefined ? payment.amount : BigInt(amount.minorUnits);
  return { ...payment, ...concludedAt(now), capturedAmount };
}

function released(
  payment: PaymentRecord,
  declineReason: "PAYMENT_CANCELED" | "AUTHORIZATION_EXPIRED",
  now: number,
): PaymentRecord {
  return { ...payment, ...concludedAt(now), declineReason };
}

/** From here it is on its way to the merchant's bank, as any other payment after step 3. */
function concludedAt(now: number): Pick<PaymentRecord, "state" | "captureTime" | "holdExpireTime"> {
  return { state: "PENDING", captureTime: new Date(now).toISOString(), holdExpireTime: null };
}
