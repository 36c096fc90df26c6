/**
 * Step H3: releases holds that have expired. No message asks for it, so the row is the outbox: it says when its end is told
 * again, until the payment is final. Of two processes at once one releases a hold, and the other finds it released.
 */
import type { Connection, Producer } from "@quittance/sdk";
import type { Database, Transaction } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { Rounds } from "../platform/rounds.js";
import type { Envelopes } from "../shared/envelope.js";
import { startOutboxRounds } from "../shared/outbox-rounds.js";
import { bankResultBody } from "./bank-result.js";
import { decideExpiries, type ExpiryDecision } from "./decide-holds.js";
import { concludeHolds, tellAgainLater } from "./operations/conclude-holds.js";
import { findExpiredHolds } from "./operations/find-expired-holds.js";
import { lockPayments } from "./operations/lock-payments.js";
import type { OutcomeMetrics } from "./outcome-metrics.js";

export interface HoldSweepParts {
  readonly connection: Connection;
  readonly database: Database;
  readonly envelopes: Envelopes;
  readonly log: Logger;
  readonly outcomes: OutcomeMetrics;
  readonly now: () => number;
  /** Between two looks, in milliseconds. */
  readonly everyMs: number;
}

/** Starts the schedule. Each look goes on until nothing is due. */
export function startHoldSweep(parts: HoldSweepParts): Promise<Rounds> {
  const { connection, everyMs, log } = parts;
  return startOutboxRounds({
    ...{ connection, everyMs, kind: "bank-result" },
    sendDue: (producer, isStopping) => sweep(parts, producer, isStopping),
    failed: (error) => log.warn({ step: "H3", err: error }, "holds that expired wait for the next look"),
  });
}

async function sweep(parts: HoldSweepParts, producer: Producer, isStopping: () => boolean): Promise<void> {
  while (!isStopping()) {
    const ids = await parts.database.autoCommit((session) => findExpiredHolds(session, new Date(parts.now())));
    if (ids.length === 0) return;
    const decisions = await parts.database.transaction((transaction) => expireHolds(transaction, ids, parts.now));
    for (const { outcome, payment } of decisions) {
      parts.log.info({ step: "H3", payment: payment.id, repeated: outcome === "told again" || undefined }, "expire");
      if (outcome === "expired") parts.outcomes.holdEnded(payment);
    }
    await Promise.all(decisions.map((decision) => tell(parts, producer, decision)));
  }
}

/** Releases those of the holds that are still due, and puts off when their ends are told again. */
export async function expireHolds(
  transaction: Transaction,
  ids: readonly string[],
  now: () => number,
): Promise<readonly ExpiryDecision[]> {
  const payments = await lockPayments(transaction, ids);
  const decisions = decideExpiries(payments.values(), now());
  const of = (wanted: ExpiryDecision["outcome"]) =>
    decisions.flatMap(({ outcome, payment }) => (outcome === wanted ? [payment] : []));
  const [expired, toldAgain] = [of("expired"), of("told again")];
  await Promise.all([
    expired.length > 0 && concludeHolds(transaction, expired),
    toldAgain.length > 0 && tellAgainLater(transaction, toldAgain),
    transaction.commit(),
  ]);
  return decisions;
}

/** Sends it on to the merchant's bank, as step 3 does with a decline. Nobody waits for it. */
async function tell({ envelopes }: HoldSweepParts, producer: Producer, { payment }: ExpiryDecision): Promise<void> {
  const message = envelopes.message("bank-result", bankResultBody(payment), { correlationId: payment.id });
  await producer.send(message, { duplicateId: `expired:${payment.id}:${payment.holdExpireTime}` });
}
