/** What the campaign asked for, and every answer that it got: what the banks' books are compared with. */
import type { PayCall, RefundCall, Told } from "./merchant.js";

/** A request and what became of it, as its caller knows it. */
export interface Asked<Call> {
  readonly call: Call;
  /** For people: which kind of payment or refund it is. */
  readonly kind: string;
  /** The round in which it was asked for. */
  readonly round: number;
  /** Known once a call was accepted. */
  id: string | undefined;
  /** The first final state that a caller was told, with its reason. */
  final: Told | undefined;
  /** Calls that were made with this request_id. */
  calls: number;
  /** Whether its caller left it without an answer, so that it may have been accepted or not. */
  abandoned?: boolean;
}

export interface AskedPayment extends Asked<PayCall> {
  /** Verdicts that may end it: `SUCCEEDED`, or the reason of a decline. */
  readonly verdicts: readonly string[];
  /** Of one that holds money: what its merchant means to do with it. */
  readonly plan?: HoldPlan;
  /** Whether a caller was told that its money is held. */
  held?: boolean;
}

/** What becomes of money that is held: it is captured, canceled, or left until it expires. */
export interface HoldPlan {
  readonly action: "capture" | "cancel" | "leave";
  /** What is captured; undefined for all. */
  readonly minorUnits: bigint | undefined;
}
export type AskedRefund = Asked<RefundCall>;

/** Money of a merchant's account that an operator pays out. */
export interface PayoutCall {
  readonly merchantId: string;
  readonly requestId: string;
  readonly currencyCode: string;
  readonly minorUnits: bigint;
}

/** A payout that the operator asked for. */
export interface AskedPayout {
  readonly call: PayoutCall;
  /** `abandoned` when it has no answer and is not asked for again: it may be booked or not. */
  state: "asked" | "accepted" | "abandoned";
}

/** Something that must never be: a sentence, and the payment whose story tells more. */
export interface Violation {
  readonly what: string;
  readonly paymentId: string | undefined;
}

export class RequestBook {
  readonly payments: AskedPayment[] = [];
  readonly refunds: AskedRefund[] = [];
  readonly payouts: AskedPayout[] = [];
  /** Requests with a request_id that one of those above had used before, and another amount. They move no money. */
  readonly rivals: (AskedPayment | AskedRefund)[] = [];
  /** Payments that somebody was told have succeeded. */
  readonly succeeded: AskedPayment[] = [];
  #violations: Violation[] = [];

  /**
   * Notes an answer. What contradicts an earlier answer is a violation, and so is PENDING where a caller had been told the
   * end before this one called: `endBefore`.
   */
  told(asked: AskedPayment | AskedRefund, answer: Told, endBefore?: Told): void {
    const paymentId = "paymentId" in asked.call ? asked.call.paymentId : answer.id;
    const { requestId } = asked.call;
    if (asked.id !== undefined && asked.id !== answer.id) {
      this.violation(`${requestId} was ${asked.id} and then ${answer.id}`, paymentId);
    }
    asked.id = answer.id;
    // How far it is was not known: that contradicts nothing.
    if (answer.state === "ACCEPTED") return;
    if (answer.state === "AUTHORIZED") {
      if ("verdicts" in asked) asked.held = true;
      if (endBefore !== undefined) this.violation(`${requestId} had ended, and is told AUTHORIZED`, paymentId);
      return;
    }
    if (answer.state === "PENDING") {
      if (endBefore === undefined) return;
      this.violation(`${requestId} was told ${describe(endBefore)}, and a later call PENDING`, paymentId);
      return;
    }
    const before = asked.final;
    if (before === undefined) {
      asked.final = answer;
      if (answer.state === "SUCCEEDED" && "verdicts" in asked) this.succeeded.push(asked);
      return;
    }
    if (verdictOf(before) !== verdictOf(answer)) {
      this.violation(`${requestId} was told ${describe(before)} and then ${describe(answer)}`, paymentId);
    }
  }

  violation(what: string, paymentId: string | undefined): void {
    this.#violations.push({ what, paymentId });
  }

  /** What was noted since the last time. */
  takeViolations(): Violation[] {
    const taken = this.#violations;
    this.#violations = [];
    return taken;
  }
}

/** The one verdict on a request whose request_id was used before. */
export const REUSED = "REQUEST_ID_REUSED";

/** What never changes: a payment that succeeded may be refunded later, and has succeeded all the same. */
export function verdictOf(told: { readonly state: string; readonly reason: string | undefined | null }): string {
  return told.state === "REFUNDED" ? "SUCCEEDED" : (told.reason ?? told.state);
}

function describe(told: Told): string {
  return told.reason === undefined ? told.state : `${told.state} (${told.reason})`;
}
