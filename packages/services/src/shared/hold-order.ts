/**
 * What a merchant asks of a payment that holds money: to capture it, or to cancel it (steps H1 and H2). Each is decided
 * once, and from then on every answer follows from how the payment stands: both sides judge it by the same rules.
 */
import { z } from "zod";
import type { PublicCancelReason } from "./decline.js";
import { MESSAGE_VERSION, type PaymentView, wireTime } from "./messages.js";
import { wireMoney } from "./money.js";
import { PAYMENT_ID } from "./payment-id.js";

/** Step H1 -> H2, on `hold-order`. */
export const holdOrderMessage = z.object({
  version: z.literal(MESSAGE_VERSION),
  paymentId: z.string().regex(PAYMENT_ID),
  merchantId: z.string().min(1).max(64),
  action: z.enum(["capture", "cancel"]),
  /** What is captured; absent for all that is held. */
  amount: wireMoney.optional(),
  acceptTime: wireTime,
  /**
   * Until when a payment that was accepted before the order may still be recorded: client-bank waits so long for one that it
   * does not know.
   */
  recordBy: wireTime,
});
export type HoldOrderMessage = z.infer<typeof holdOrderMessage>;

/** What is asked for. */
export type HoldOrder = Pick<HoldOrderMessage, "action" | "amount">;

/** What an order is judged by. */
export interface HeldPayment {
  readonly state: PaymentView["state"];
  /** Whether its money was ever held. */
  readonly wasHeld: boolean;
  readonly currency: string;
  /** Minor units: what was held. */
  readonly amount: bigint;
  /** What was captured of it. */
  readonly capturedAmount: bigint;
  readonly cancelReason: PublicCancelReason | undefined;
}

/** Why an order is refused. A refusal is permanent: the same order, sent again, is refused again. */
export type HoldRefusal =
  | "PAYMENT_NOT_AUTHORIZED"
  | "CURRENCY_MISMATCH"
  | "AMOUNT_TOO_HIGH"
  | "ALREADY_CAPTURED"
  | "PAYMENT_CANCELED"
  | "AUTHORIZATION_EXPIRED";

/** What becomes of an order: it is to be done, it was done (perhaps by an equal order), or it is refused. */
export type HoldVerdict = "to do" | "done" | { readonly refusal: HoldRefusal };

/** Judges an order by how its payment stands. It knows no clock: a hold that has expired and is not released yet is "to do". */
export function judgeHoldOrder({ action, amount }: HoldOrder, payment: HeldPayment): HoldVerdict {
  if (!payment.wasHeld) return { refusal: "PAYMENT_NOT_AUTHORIZED" };
  if (amount !== undefined && amount.currencyCode !== payment.currency) return { refusal: "CURRENCY_MISMATCH" };
  const asked = amount === undefined ? payment.amount : BigInt(amount.minorUnits);
  if (asked > payment.amount) return { refusal: "AMOUNT_TOO_HIGH" };
  if (payment.state === "AUTHORIZED") return "to do";
  if (payment.cancelReason !== undefined) {
    if (action === "cancel") return "done";
    return { refusal: payment.cancelReason === "EXPIRED" ? "AUTHORIZATION_EXPIRED" : "PAYMENT_CANCELED" };
  }
  return action === "capture" && asked === payment.capturedAmount ? "done" : { refusal: "ALREADY_CAPTURED" };
}

/** The payment as others read it, as an order is judged by it. */
export function heldPaymentOf(view: PaymentView): HeldPayment {
  return {
    state: view.state,
    wasHeld: view.authorizeTime !== undefined,
    currency: view.amount.currencyCode,
    amount: BigInt(view.amount.minorUnits),
    capturedAmount: BigInt(view.capturedAmount?.minorUnits ?? 0),
    cancelReason: view.cancelReason,
  };
}
