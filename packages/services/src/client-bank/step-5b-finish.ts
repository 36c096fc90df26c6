/** Step 5b: makes payments final, a batch in one transaction, and then tells how they ended. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { Transaction } from "../platform/database.js";
import { traceIdOf } from "../platform/log.js";
import type { TransactionResultMessage } from "../shared/messages.js";
import { decideFinishes, type FinishDecision } from "./decide-finishes.js";
import { finishPayments } from "./operations/finish-payments.js";
import { giveBack } from "./operations/give-back.js";
import { lockPayments } from "./operations/lock-payments.js";
import { paymentEnd, paymentReplies, paymentUpdates } from "./outgoing.js";
import type { StepTools } from "./step-3-capture.js";

/**
 * Handles a batch of verdicts on `transaction-result`. Ends and answers leave after the commit: who was told SUCCEEDED
 * reads it.
 */
export async function step5bFinish(
  tools: StepTools,
  batch: readonly Incoming<TransactionResultMessage>[],
): Promise<readonly Outcome[]> {
  const messages = batch.map(({ body }) => body);
  const decisions = await tools.database.transaction((transaction) => finishCycle(transaction, messages, tools.now));
  for (const { message } of batch) tools.gateways.met(message.replyTo);
  const replies = paymentReplies(
    tools,
    batch.map(({ message }, place) => {
      const decision = decisions[place] as FinishDecision;
      return decision.outcome === "final" ? { payment: decision.payment, message } : undefined;
    }),
  );
  return batch.map(({ body, message }, place) => {
    const decision = decisions[place] as FinishDecision;
    const facts = { step: "5b", payment: body.paymentId, trace: traceIdOf(message.traceparent) };
    if (decision.outcome === "impossible") {
      tools.log.error({ ...facts, reason: decision.reason }, "finish");
      return { deadLetter: decision.reason };
    }
    const { payment, isNew } = decision;
    const { state, declineReason } = payment;
    tools.log.info({ ...facts, state, decline: declineReason ?? undefined, repeated: !isNew || undefined }, "finish");
    // Repeated as well: the process may have died between the commit and the send.
    const send = [paymentEnd(tools.envelopes, payment), ...(replies[place] ?? [])];
    if (isNew) {
      // A hold may have lasted for days: what is measured then begins when it was captured or released.
      const { authorizeTime, acceptTime, captureTime } = payment;
      const outcome = { state, declineReason, acceptTime: authorizeTime === null ? acceptTime : captureTime };
      tools.outcomes.payment(outcome, message.traceparent);
      send.push(...paymentUpdates(tools, payment));
    }
    return { send };
  });
}

/** Decides about the messages and writes what is new: two round trips, BEGIN and COMMIT included, whatever their number. */
export async function finishCycle(
  transaction: Transaction,
  messages: readonly TransactionResultMessage[],
  now: () => number,
): Promise<readonly FinishDecision[]> {
  const recorded = await lockPayments(transaction, [...new Set(messages.map(({ paymentId }) => paymentId))]);
  const decisions = decideFinishes(messages, recorded, now());
  const fresh = decisions.flatMap((decision) =>
    decision.outcome === "final" && decision.isNew ? [decision.payment] : [],
  );
  const returned = fresh.filter(({ givenBackAmount }) => givenBackAmount > 0n);
  await Promise.all([
    fresh.length > 0 && finishPayments(transaction, fresh),
    returned.length > 0 && giveBack(transaction, returned),
    transaction.commit(),
  ]);
  return decisions;
}
