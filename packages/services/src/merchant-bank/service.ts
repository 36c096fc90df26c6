/** merchant-bank: step 4 of the payment cycle. */
import { type Connection, MessagingError, type ProcessorEvent } from "@quittance/sdk";
import { databaseConfiguration } from "../platform/configuration.js";
import { type Database, isTransient } from "../platform/database.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { bankResultMessage } from "../shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../shared/queue-map.js";
import { step4Settle } from "./step-4-settle.js";

/** What merchant-bank reads from the environment besides what every service does. */
export const merchantBankConfiguration = databaseConfiguration;

const PAYMENT_ID = /^pay_[a-z2-7]{32}$/;

/** Payments in one transaction. */
const MAXIMUM_BATCH_SIZE = 200;

export interface MerchantBankOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly log: Logger;
  /** The clock: milliseconds since 1970 [Date.now]. */
  readonly now?: () => number;
}

/** Starts step 4 on `connection`. */
export async function startMerchantBank(options: MerchantBankOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const tools = { database, log, now: options.now ?? Date.now };

  const settle = await connection.process({
    name: "merchant-bank-settle",
    from: destinationOf(CHANNELS.bankResult),
    to: destinationOf(CHANNELS.transactionResult),
    toOptions: { priority: CHANNELS.transactionResult.priority },
    schema: bankResultMessage,
    deadLetter: deadLetterDestination(CHANNELS.bankResult),
    batch: { maximumSize: MAXIMUM_BATCH_SIZE },
    classify,
    handle: (batch) => step4Settle(tools, batch),
    onEvent: (event) => logEvent(event, log),
  });

  return {
    checks: { database: () => database.problem() },
    async drain(drain) {
      await settle.drain(drain);
      await database.close();
    },
  };
}

/** A database or a broker that is away is nobody's fault: the batch waits for it. */
function classify(error: unknown): "transient" | "permanent" {
  const mayPass = error instanceof MessagingError ? error.retryable : isTransient(error);
  return mayPass ? "transient" : "permanent";
}

function logEvent(event: ProcessorEvent, log: Logger): void {
  if (event.name === "retry") {
    log.warn(
      { step: "4", attempt: event.attempt, delayMs: event.delayMs, size: event.size, err: event.error },
      "retry",
    );
    return;
  }
  const { messageId, correlationId, traceparent } = event.message;
  // The body may be anything: only what looks like a payment's id is taken for one.
  const payment = correlationId !== undefined && PAYMENT_ID.test(correlationId) ? correlationId : undefined;
  const facts = { step: "4", payment, messageId, trace: traceIdOf(traceparent) };
  if (event.name === "dead-letter") log.error({ ...facts, reason: event.reason, err: event.error }, "set aside");
  else log.warn({ ...facts, err: event.error }, "given back");
}
