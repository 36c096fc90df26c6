/**
 * The state of a payment or refund that was accepted, but got no final reply: an answer of Pay or RefundPayment
 * must not show a state that was left long ago, for the same request may have been made before.
 */
import type { Logger } from "../platform/log.js";
import type { PaymentView } from "../shared/messages.js";
import type { RefundView } from "../shared/refund-messages.js";
import type { CallContext } from "./call-context.js";
import type { CoalescedReads, Reading } from "./coalesced-reads.js";

/** What is left of the caller's own deadline for the answer to arrive, in milliseconds. */
const ARRIVAL_MS = 25;
/** After a read that failed, accepting goes on without reads for so long, so that it does not slow down. */
const PAUSE_MS = 1_000;

export type Standing<Recorded> =
  | { readonly name: "recorded"; readonly recorded: Recorded }
  /** It was not recorded when it was looked for: it is on its way. */
  | { readonly name: "unrecorded" }
  /** It could not be read just now. */
  | { readonly name: "unknown" };

export interface RecordedRefund {
  readonly refund: RefundView;
  /** As this refund, or a later one, left it. */
  readonly payment: PaymentView | undefined;
}

const UNKNOWN = { name: "unknown" } as const;

export class Standings {
  readonly #reads: CoalescedReads;
  readonly #boundMs: number;
  readonly #log: Logger;
  /** Set by a read that failed, until one succeeds: when the next one may be tried, on the clock of `performance.now()`. */
  #tryAgainMs: number | undefined;

  constructor(options: {
    readonly reads: CoalescedReads;
    /** The longest that an answer waits for this, in milliseconds. */
    readonly boundMs: number;
    readonly log: Logger;
  }) {
    this.#reads = options.reads;
    this.#boundMs = options.boundMs;
    this.#log = options.log;
  }

  /** Of the payment that is recorded under one of the ids. Never rejects. */
  payment(context: CallContext, ids: readonly string[]): Promise<Standing<PaymentView>> {
    return this.#bounded(context, (reading) => firstOf(ids, (id) => this.#reads.payment({ ...reading, id })));
  }

  /** The same as {@link payment} of a refund. Never rejects. */
  refund(context: CallContext, ids: readonly string[]): Promise<Standing<RecordedRefund>> {
    return this.#bounded(context, async (reading) => {
      const refund = await firstOf(ids, (id) => this.#reads.refund({ ...reading, id }));
      // One after the other: together they might come of two messages, and show a payment from before its refund.
      return refund && { refund, payment: await this.#reads.payment({ ...reading, id: refund.paymentId }) };
    });
  }

  async #bounded<Recorded>(
    context: CallContext,
    read: (reading: Omit<Reading, "id">) => Promise<Recorded | undefined>,
  ): Promise<Standing<Recorded>> {
    const { merchantId, traceparent } = context;
    const timeoutMs = Math.min(this.#boundMs, context.deadlineMs - Date.now() - ARRIVAL_MS);
    const nowMs = performance.now();
    if (context.isGone() || timeoutMs <= 0 || (this.#tryAgainMs !== undefined && nowMs < this.#tryAgainMs))
      return UNKNOWN;
    // While reads fail, one call at a time finds out whether they do no more.
    if (this.#tryAgainMs !== undefined) this.#tryAgainMs = nowMs + PAUSE_MS;
    try {
      const recorded = await read({ merchantId, traceparent, timeoutMs });
      this.#tryAgainMs = undefined;
      return recorded === undefined ? { name: "unrecorded" } : { name: "recorded", recorded };
    } catch (error) {
      // Whoever reads it by itself is told why it cannot be read; here it is only not known. A caller in a hurry proves
      // nothing.
      if (timeoutMs === this.#boundMs) {
        if (this.#tryAgainMs === undefined) this.#log.warn({ err: error }, "answers do not say how a payment stands");
        this.#tryAgainMs = performance.now() + PAUSE_MS;
      }
      return UNKNOWN;
    }
  }
}

/** Reads all ids at once: what is asked for together goes in one message. */
async function firstOf<View>(
  ids: readonly string[],
  read: (id: string) => Promise<View | undefined>,
): Promise<View | undefined> {
  const views = await Promise.all(ids.map(read));
  return views.find((view) => view !== undefined);
}
