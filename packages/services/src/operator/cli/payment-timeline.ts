/** What a payment's records mean: the steps that it walked, and where it hangs. */
import { CHANNELS } from "../../shared/queue-map.js";
import type { Entry } from "./audit-money.js";
import { type PaymentMessage, subscriptionQueue } from "./payment-messages.js";
import type { PaymentStory, RecordedNotification, RecordedPayment, RecordedRefund } from "./payment-story.js";

/** A step that was walked, by the numbers of docs/payment-cycle.md. */
export interface TimelineEvent {
  readonly step: string;
  readonly service: string;
  readonly time: Date;
  /** What was decided, as a sentence. */
  readonly decision: string;
  /** Ledger entries that it wrote. */
  readonly entries: readonly Entry[];
}

/** Where a payment waits that is not at its end. */
export interface Hanging {
  /** The step that it waits for. */
  readonly step: string;
  readonly service: string;
  /** Where its message waits, if it waits. */
  readonly channel: string;
  /** The same as queues of the broker. */
  readonly queues: readonly string[];
  readonly since: Date | null;
  readonly why: string;
}

/** Verdicts of step 2; all others that the client's side gives are step 3's. */
const STEP_2_REASONS: ReadonlySet<string> = new Set(["INVALID_CARD_NUMBER", "CARD_EXPIRED"]);

/** The steps that left a record, in their order. */
export function timelineOf(story: PaymentStory): TimelineEvent[] {
  const events: TimelineEvent[] = [];
  const { payment, receipt } = story;
  const entriesOf = (kind: string) => story.entries.filter((entry) => entry.kind === kind);
  if (payment !== undefined) events.push(...captured(payment, entriesOf("capture"), receipt?.declinedBy ?? null));
  if (receipt !== undefined) {
    events.push({
      step: "4",
      service: "merchant-bank",
      time: receipt.settleTime,
      decision:
        receipt.outcome === "credited"
          ? `credited ${receipt.merchantId}`
          : `declined: ${receipt.declineReason}, by the ${receipt.declinedBy === "merchant-bank" ? "merchant's bank" : "client's side"}`,
      entries: entriesOf("settlement"),
    });
  }
  for (const one of story.notifications.filter(({ refundId }) => refundId === "")) events.push(...told(one, "5a"));
  if (payment?.finishTime) {
    const reversed = payment.givenBackAmount > 0n ? `, ${payment.givenBackAmount} reversed` : "";
    const reason = payment.declineReason === null ? "" : `: ${payment.declineReason}`;
    events.push({
      step: "5b",
      service: "client-bank",
      time: payment.finishTime,
      decision: `final: ${payment.state}${reason}${reversed}`,
      entries: entriesOf("return"),
    });
  }
  for (const refund of story.refunds) events.push(...refunded(refund, story));
  for (const one of story.notifications.filter(({ refundId }) => refundId !== "")) events.push(...told(one, "R4"));
  return events;
}

function refunded(refund: RecordedRefund, story: PaymentStory): TimelineEvent[] {
  const entriesOf = (bank: string) =>
    story.entries.filter((entry) => entry.refundId === refund.id && entry.bank === bank);
  const verdict = refund.declineReason === null ? `debited ${refund.amount}` : `declined: ${refund.declineReason}`;
  const debit = {
    step: "R2",
    service: "merchant-bank",
    time: refund.debitTime,
    decision: `refund ${refund.id}: ${verdict}`,
    entries: entriesOf("merchant-bank"),
  };
  if (refund.finishTime === null) return [debit];
  const decision = `refund ${refund.id}: ${refund.declineReason === null ? "credited" : "recorded as declined"}`;
  const entries = entriesOf("client-bank");
  return [debit, { step: "R3", service: "client-bank", time: refund.finishTime, decision, entries }];
}

function captured(
  payment: RecordedPayment,
  entries: readonly Entry[],
  declinedBy: string | null,
): readonly TimelineEvent[] {
  // Before step 4 has decided, a reason can only be that of the client's side.
  const reason = declinedBy === "merchant-bank" ? null : payment.declineReason;
  const byCard = reason !== null && STEP_2_REASONS.has(reason);
  const isHeld = payment.authorizeTime !== null;
  const card = `${payment.cardBrand} ending in ${payment.cardLastFour}`;
  return [
    {
      step: "1",
      service: "gateway",
      time: payment.acceptTime,
      decision: `accepted from ${payment.merchantId}, request_id ${payment.requestId}, deadline ${payment.deadline.toISOString()}`,
      entries: [],
    },
    {
      step: "2",
      service: "card-validation",
      time: payment.validateTime,
      decision: byCard ? `${card}: declined: ${reason}` : `${card}: good`,
      entries: [],
    },
    {
      step: "3",
      service: "client-bank",
      time: payment.authorizeTime ?? payment.captureTime,
      decision: isHeld
        ? `holds ${payment.amount} ${payment.currency} of ${payment.clientId}`
        : payment.capturedAmount > 0n
          ? `captured from ${payment.clientId}`
          : byCard
            ? "recorded as declined"
            : `declined: ${reason}${payment.clientId === null ? "" : `, client ${payment.clientId}`}`,
      entries: isHeld ? [] : entries,
    },
    ...(isHeld && payment.state !== "AUTHORIZED" ? [concluded(payment, entries)] : []),
  ];
}

/** How a hold ended: by an order, or by itself. */
function concluded(payment: RecordedPayment, entries: readonly Entry[]): TimelineEvent {
  const { capturedAmount, declineReason, captureTime } = payment;
  const expired = capturedAmount === 0n && declineReason === "AUTHORIZATION_EXPIRED";
  const released = expired ? "released: it expired" : "released: it was canceled";
  return {
    step: expired ? "H3" : "H2",
    service: "client-bank",
    time: captureTime,
    decision: capturedAmount > 0n ? `captured ${capturedAmount} of it from ${payment.clientId}` : released,
    entries,
  };
}

function told(notification: RecordedNotification, step: string): TimelineEvent[] {
  const what = `${notification.templateName} (${notification.channel}, ${notification.language})`;
  const base = { step, service: "notification", entries: [] };
  const recorded = { ...base, time: notification.createTime, decision: `recorded ${what}` };
  if (notification.sentTime === null) return [recorded];
  return [
    recorded,
    { ...base, time: notification.sentTime, decision: `sent ${what}, attempt ${notification.attempts}` },
  ];
}

/** Everything that the payment waits for; empty when it is at its end. */
export function hangingOf(story: PaymentStory): Hanging[] {
  const { payment, receipt, notifications } = story;
  if (payment === undefined && receipt === undefined) {
    return [
      {
        step: "2 or 3",
        service: "card-validation or client-bank",
        channel: "payment or validation-result",
        queues: [CHANNELS.payment.address, CHANNELS.validationResult.address],
        since: null,
        why: "no bank has a record of it: it was never accepted, it waits for card-validation or client-bank, or it is among their dead letters",
      },
    ];
  }
  if (payment === undefined) {
    return [
      {
        step: "3",
        service: "client-bank",
        channel: "none",
        queues: [],
        since: receipt?.settleTime ?? null,
        why: "merchant-bank decided on it and client-bank does not know it: the books are wrong, run verify-money",
      },
    ];
  }
  if (receipt === undefined && payment.state === "AUTHORIZED") {
    return [
      {
        step: "H2",
        service: "client-bank",
        channel: CHANNELS.holdOrder.address,
        queues: [CHANNELS.holdOrder.address],
        since: payment.authorizeTime,
        why: `its money is held: it waits for its merchant to capture or cancel it, and expires by itself at ${payment.holdExpireTime?.toISOString() ?? "no time that is known"}`,
      },
    ];
  }
  if (receipt === undefined) {
    const ahead = payment.state === "PENDING" ? "" : "; it is final at client-bank all the same: run verify-money";
    return [
      {
        step: "4",
        service: "merchant-bank",
        channel: "bank-result",
        queues: [CHANNELS.bankResult.address],
        since: payment.captureTime,
        why: `merchant-bank has not decided: its message is on its way, merchant-bank is away or held up, or the message is among the dead letters${ahead}`,
      },
    ];
  }
  const hanging: Hanging[] = [];
  if (payment.state === "PENDING") {
    hanging.push({
      step: "5b",
      service: "client-bank",
      channel: "transaction-result, subscription client-bank",
      queues: [subscriptionQueue(CHANNELS.transactionResult, "client-bank")],
      since: receipt.settleTime,
      why: "merchant-bank has decided and client-bank has not finished it: its message is on its way, client-bank is away or held up, or the message is among the dead letters",
    });
  } else if (!notifications.some(({ refundId }) => refundId === "")) {
    hanging.push({
      step: "5a",
      service: "notification",
      channel: "transaction-result, subscription notification",
      queues: [subscriptionQueue(CHANNELS.transactionResult, "notification")],
      since: payment.finishTime,
      why: "client-bank has told how it ended and notification has not recorded it: its message is on its way, notification is away or held up, or the message is among the dead letters",
    });
  }
  for (const refund of story.refunds.filter(({ finishTime }) => finishTime === null)) {
    hanging.push({
      step: "R3",
      service: "client-bank",
      channel: "refund-result, subscription client-bank-refunds",
      queues: [subscriptionQueue(CHANNELS.refundResult, "client-bank-refunds")],
      since: refund.debitTime,
      why: `merchant-bank has decided on refund ${refund.id} and client-bank has not recorded it: its message is on its way, client-bank is away or held up, or the message is among the dead letters`,
    });
  }
  for (const one of notifications.filter(({ state }) => state !== "sent")) hanging.push(untold(one));
  return hanging;
}

/** What hangs, with what the broker's queues say of it. */
export function withMessages(hanging: readonly Hanging[], messages: readonly PaymentMessage[]): Hanging[] {
  return hanging.map((one) => {
    if (one.queues.length === 0) return one;
    const dead = messages.find(({ state, address }) => state === "dead" && isFrom(address, one));
    const waiting = messages.find(({ state, queue }) => state === "waits" && one.queues.includes(queue));
    if (waiting !== undefined) return { ...one, why: `its message waits on ${waiting.queue}${sinceOf(waiting)}` };
    if (dead === undefined) {
      return {
        ...one,
        why: `${one.why}; at this moment none of its messages waits or is dead, so one is in hand, held back or lost`,
      };
    }
    const reason = dead.reason ?? "the broker set it aside by itself";
    return {
      ...one,
      why: `its message is dead on ${dead.queue}${sinceOf(dead)}: ${reason} (dead-letters replay ${dead.messageId})`,
    };
  });
}

function isFrom(address: string, { queues }: Hanging): boolean {
  return queues.some((queue) => queue.split("::")[0] === address);
}

function sinceOf({ since, deliveries }: PaymentMessage): string {
  const often = deliveries > 0 ? `, offered ${deliveries} times before` : "";
  return `${since === null ? "" : ` since ${since.toISOString()}`}${often}`;
}

function untold(notification: RecordedNotification): Hanging {
  const { state, attempts, nextAttemptTime, lastError, channel, createTime } = notification;
  const error = lastError === null ? "" : `: ${lastError}`;
  const next = nextAttemptTime === null ? "no other follows" : `the next at ${nextAttemptTime.toISOString()}`;
  return {
    step: notification.refundId === "" ? "5a" : "R4",
    service: "notification",
    channel: `notification by ${channel}`,
    queues: [],
    since: createTime,
    why: attempts === 0 ? `${state}, not tried yet` : `${state} after ${attempts} attempts${error}; ${next}`,
  };
}
