/** Step 3: debits the client, or holds the money, and records the payment, a batch in one transaction. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { Database, Transaction } from "../platform/database.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { ValidationResultMessage } from "../shared/messages.js";
import { bankResult } from "./bank-result.js";
import { type GuessBook, GuessTally } from "./card-guesses.js";
import { type CaptureDecision, decideCaptures } from "./decide-captures.js";
import { withExtendedDeadlines } from "./extend-deadlines.js";
import { findCardGuesses, type MerchantGuesses } from "./operations/find-card-guesses.js";
import { findPayments } from "./operations/find-payments.js";
import { lockClients } from "./operations/lock-clients.js";
import { recordCaptures } from "./operations/record-captures.js";
import { recordCardGuesses } from "./operations/record-card-guesses.js";
import { type OtherId, recordOtherIds } from "./operations/record-other-ids.js";
import type { OutcomeMetrics } from "./outcome-metrics.js";
import { paymentReplies, paymentUpdates, type Telling } from "./outgoing.js";

/** What a step of client-bank works with. */
export interface StepTools extends Telling {
  readonly database: Database;
  readonly log: Logger;
  readonly outcomes: OutcomeMetrics;
  readonly guesses: GuessBook;
  /** How long the money of a payment that is captured by hand is held, in milliseconds [7 days]. */
  readonly holdMs: number | undefined;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
}

/** Handles a batch of `validation-result`. */
export async function step3Capture(
  tools: StepTools,
  batch: readonly Incoming<ValidationResultMessage>[],
): Promise<readonly Outcome[]> {
  const { envelopes } = tools;
  const messages = batch.map(({ body }) => body);
  const decisions = await tools.database.transaction((transaction) =>
    capturePayments(transaction, messages, tools.now, tools.guesses, tools.holdMs),
  );
  for (const { message } of batch) tools.gateways.met(message.replyTo);
  // Its money is held; or it is final already: every later step has run, and only this message's caller has to be told.
  const replies = paymentReplies(
    tools,
    batch.map(({ message }, place) => {
      const decision = decisions[place] as CaptureDecision;
      return decision.outcome === "recorded" && decision.payment.state !== "PENDING"
        ? { payment: decision.payment, message }
        : undefined;
    }),
  );
  return batch.map((incoming, place) => {
    const decision = decisions[place] as CaptureDecision;
    const { body, message } = incoming;
    const facts = { step: "3", payment: body.paymentId, trace: traceIdOf(message.traceparent) };
    if (decision.outcome === "impossible") {
      tools.log.error({ ...facts, reason: decision.reason }, "capture");
      return { deadLetter: decision.reason };
    }
    const { payment, isNew } = decision;
    const { state, declineReason, standingId } = payment;
    tools.log.info(
      {
        ...facts,
        state,
        decline: declineReason ?? undefined,
        standing: standingId ?? undefined,
        repeated: !isNew || undefined,
      },
      "capture",
    );
    const updates = isNew ? paymentUpdates(tools, payment) : [];
    if (payment.state !== "PENDING") return { send: [...(replies[place] ?? []), ...updates] };
    return { send: [bankResult(envelopes, payment, message), ...updates] };
  });
}

/**
 * Decides about the messages and writes what is new: two round trips, BEGIN and COMMIT included, whatever their number,
 * and a third when a payment came after its deadline. The clients are locked before we look for what is recorded, so that
 * a payment which another process is recording for the same client is found once its transaction has ended.
 */
export async function capturePayments(
  transaction: Transaction,
  messages: readonly ValidationResultMessage[],
  now: () => number,
  guesses?: GuessBook,
  holdMs?: number,
): Promise<readonly CaptureDecision[]> {
  const cards = new Set<string>();
  for (const { card, declineReason } of messages) if (declineReason === undefined) cards.add(card.fingerprint);
  const [clients, recorded] = await Promise.all([
    cards.size === 0 ? [] : lockClients(transaction, [...cards]),
    findPayments(transaction, messages),
    guesses?.isOld(now()) && readGuesses(transaction, guesses, now()),
  ]);
  const nowMs = now();
  const judged = await withExtendedDeadlines(transaction, messages, { recorded, now: nowMs });
  const tally = guesses && new GuessTally(guesses, clients, nowMs);
  const decisions = decideCaptures(judged, { clients, recorded, now: nowMs, holdMs, guesses: tally });
  const fresh = decisions.flatMap((decision) =>
    decision.outcome === "recorded" && decision.isNew ? [decision.payment] : [],
  );
  const others = otherIdsIn(messages, decisions);
  const [, , guessed] = await Promise.all([
    fresh.length > 0 && recordCaptures(transaction, fresh),
    others.length > 0 && recordOtherIds(transaction, others),
    tally && recordGuesses(transaction, tally, nowMs),
    transaction.commit(),
  ]);
  if (guessed) guesses?.note(guessed);
  return decisions;
}

/** The messages whose request is recorded under another id than theirs. */
function otherIdsIn(
  messages: readonly ValidationResultMessage[],
  decisions: readonly CaptureDecision[],
): readonly OtherId[] {
  return messages.flatMap(({ paymentId }, place) => {
    const decision = decisions[place];
    if (decision?.outcome !== "recorded" || decision.payment.id === paymentId) return [];
    return [{ id: paymentId, recordedAs: decision.payment.id }];
  });
}

async function readGuesses(transaction: Transaction, guesses: GuessBook, nowMs: number): Promise<void> {
  const since = new Date(nowMs - guesses.limits.perMerchant.windowMs);
  guesses.replace(await findCardGuesses(transaction, since), nowMs);
}

/** Nothing, unless there were guesses; else those of the merchants as they are then. */
function recordGuesses(
  transaction: Transaction,
  tally: GuessTally,
  nowMs: number,
): Promise<MerchantGuesses[]> | undefined {
  const cards = tally.cards();
  const merchants = tally.merchants();
  if (cards.length === 0 && merchants.length === 0) return undefined;
  const endedBefore = new Date(nowMs - tally.limits.perMerchant.windowMs);
  return recordCardGuesses(transaction, { cards, merchants, now: new Date(nowMs), endedBefore });
}
