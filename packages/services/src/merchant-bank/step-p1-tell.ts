/**
 * Step P1: tells notification of payouts. No message asks for it, so the row that was written with the payout's entries is the
 * outbox: it says whether the broker has the message. Killed in between, the payout is told again, and is the same event.
 */
import type { Connection, Producer } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { Rounds } from "../platform/rounds.js";
import { requestIdOfEntry } from "../shared/accounts/move-money.js";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import { startOutboxRounds } from "../shared/outbox-rounds.js";
import type { PayoutMessage } from "../shared/payout-message.js";
import { findUntoldPayouts, recordToldPayouts, type UntoldPayout } from "./operations/payout-notices.js";

export interface PayoutTellerParts {
  readonly connection: Connection;
  readonly database: Database;
  readonly envelopes: Envelopes;
  readonly log: Logger;
  readonly now: () => number;
  /** Between two looks, in milliseconds. */
  readonly everyMs: number;
}

/** Starts to look for payouts that are untold. `run` looks now. */
export function startPayoutTeller(parts: PayoutTellerParts): Promise<Rounds> {
  const { connection, everyMs, log } = parts;
  return startOutboxRounds({
    ...{ connection, everyMs, kind: "payout" },
    sendDue: (producer, isStopping) => tellAll(parts, producer, isStopping),
    failed: (error) => log.warn({ step: "P1", err: error }, "payouts wait to be told until the next look"),
  });
}

async function tellAll(parts: PayoutTellerParts, producer: Producer, isStopping: () => boolean): Promise<void> {
  const { database, log, now } = parts;
  while (!isStopping()) {
    const payouts = await database.autoCommit(findUntoldPayouts);
    if (payouts.length === 0) return;
    await Promise.all(payouts.map((payout) => tell(parts, producer, payout)));
    const told = payouts.map(({ entryId }) => entryId);
    await database.autoCommit((session) => recordToldPayouts(session, told, new Date(now())));
    for (const payout of told) log.info({ step: "P1", payout }, "tell");
  }
}

async function tell({ envelopes }: PayoutTellerParts, producer: Producer, payout: UntoldPayout): Promise<void> {
  const { entryId, merchantId, currency, amount, time } = payout;
  const body: PayoutMessage = {
    ...{ version: MESSAGE_VERSION, entryId, requestId: requestIdOfEntry(entryId), merchantId },
    amount: { currencyCode: currency, minorUnits: amount.toString() },
    payTime: time.toISOString(),
  };
  await producer.send(envelopes.message("payout", body, { correlationId: entryId }), { duplicateId: entryId });
}
