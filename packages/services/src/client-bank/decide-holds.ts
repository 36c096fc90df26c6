/** What steps H2 and H3 decide about holds: pure, order after order as they came, and hold after hold. */

import { LEAST_WAIT_MS } from "../shared/come-again.js";
import { cancelReasonOf } from "../shared/decline.js";
import { type HoldOrderMessage, type HoldRefusal, judgeHoldOrder } from "../shared/hold-order.js";
import type { PaymentRecord } from "./payment-record.js";

/** What step H2 says of one order. */
export type HoldDecision =
  /** The payment is captured or canceled as asked. `isNew` when this order is the one that did it. */
  | { readonly outcome: "concluded"; readonly payment: PaymentRecord; readonly isNew: boolean }
  /** The hold had expired when the order came, and nobody had ended it: this one does. */
  | { readonly outcome: "expired"; readonly payment: PaymentRecord; readonly isNew: true }
  /** The payment is as it was, and the caller is told how it stands. */
  | {
      readonly outcome: "refused";
      readonly payment: PaymentRecord;
      readonly isNew: false;
      readonly refusal: HoldRefusal;
    }
  /** The payment is not recorded and may still be: nothing is decided, and the order comes again. */
  | { readonly outcome: "waits"; readonly sinceMs: number }
  /** The merchant has no such payment and will have none: there is nothing to do. */
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
    // The gateway lets nobody name another merchant's payment; here it counts as none.
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
    if (typeof verdict === "object") return { outcome: "refused", payment, isNew: false, refusal: verdict.refusal };
    if (verdict === "done") return { outcome: "concluded", payment, isNew: false };
    const isExpired = isDue(payment, facts.now);
    const ended = isExpired ? released(payment, "AUTHORIZATION_EXPIRED", facts.now) : obeyed(payment, order, facts.now);
    changed.set(ended.id, ended);
    return { outcome: isExpired ? "expired" : "concluded", payment: ended, isNew: true };
  });
}

/** A hold that was due when step H3 looked for it. */
export interface ExpiryDecision {
  /** It is released now; or it was, and is not final: whoever released it may have died before its end was told. */
  readonly outcome: "expired" | "told again";
  /** As it is afterwards: its `holdExpireTime` is when its end is told again, unless it is final by then. */
  readonly payment: PaymentRecord;
}

/** How soon, in milliseconds, an end is told again. */
const TELL_AGAIN_MS = 60_000;

/**
 * Decides about holds that were due, and leaves out those that somebody else has concluded or told meanwhile. An end is told
 * again a minute later, and then whenever the time since the release has doubled: a merchant's bank that is away gets few.
 * @param now milliseconds since 1970.
 */
export function decideExpiries(payments: Iterable<PaymentRecord>, now: number): readonly ExpiryDecision[] {
  const due = [...payments].filter((payment) => isDue(payment, now));
  return due.map((payment): ExpiryDecision => {
    const isHeld = payment.state === "AUTHORIZED";
    const ended = isHeld ? released(payment, "AUTHORIZATION_EXPIRED", now) : payment;
    const againMs = now + Math.max(TELL_AGAIN_MS, now - Date.parse(ended.captureTime));
    return {
      outcome: isHeld ? "expired" : "told again",
      payment: { ...ended, holdExpireTime: new Date(againMs).toISOString() },
    };
  });
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
