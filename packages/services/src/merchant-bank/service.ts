/** merchant-bank: step 4 of the payment cycle, and step R2 of refunds. */
import type { Connection } from "@quittance/sdk";
import { STEP_BREAKER } from "../platform/circuit-breakers.js";
import { classifyFailure } from "../platform/classify-failure.js";
import { databaseConfiguration } from "../platform/configuration.js";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { believing } from "../shared/believe.js";
import { booksAuditConfiguration } from "../shared/books-audit.js";
import { Envelopes } from "../shared/envelope.js";
import { logStepEvent } from "../shared/log-step-event.js";
import { type MessageKeys, messageKeys } from "../shared/message-keys.js";
import { bankResultMessage } from "../shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../shared/queue-map.js";
import { refundMessage } from "../shared/refund-messages.js";
import { step4Settle } from "./step-4-settle.js";
import { stepR2Debit } from "./step-r2-debit.js";

/** What merchant-bank reads from the environment besides what every service does. */
export const merchantBankConfiguration = {
  ...databaseConfiguration,
  ...booksAuditConfiguration,
  /** Signs what goes to its neighbours, and shows who wrote what comes. */
  MESSAGE_KEYS: messageKeys("merchant-bank"),
};

/** Payments, or refunds, in one transaction. */
const MAXIMUM_BATCH_SIZE = 200;

export interface MerchantBankOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
  /** The clock: milliseconds since 1970 [Date.now]. */
  readonly now?: () => number;
}

/** Starts steps 4 and R2 on `connection`. */
export async function startMerchantBank(options: MerchantBankOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const envelopes = new Envelopes("merchant-bank", options.messageKeys, log);
  const tools = { database, log, envelopes, now: options.now ?? Date.now };

  const settle = await connection.process({
    name: "merchant-bank-settle",
    from: destinationOf(CHANNELS.bankResult),
    to: destinationOf(CHANNELS.transactionResult),
    toOptions: { priority: CHANNELS.transactionResult.priority },
    schema: bankResultMessage,
    deadLetter: deadLetterDestination(CHANNELS.bankResult),
    batch: { maximumSize: MAXIMUM_BATCH_SIZE },
    classify: classifyFailure,
    breaker: STEP_BREAKER,
    handle: believing(envelopes, "bank-result", (batch) => step4Settle(tools, batch)),
    onEvent: (event) => logStepEvent(event, "4", log),
  });

  const refund = await connection.process({
    name: "merchant-bank-refund",
    from: destinationOf(CHANNELS.refund),
    to: destinationOf(CHANNELS.refundResult),
    toOptions: { priority: CHANNELS.refundResult.priority },
    schema: refundMessage,
    deadLetter: deadLetterDestination(CHANNELS.refund),
    batch: { maximumSize: MAXIMUM_BATCH_SIZE },
    classify: classifyFailure,
    breaker: STEP_BREAKER,
    handle: believing(envelopes, "refund", (batch) => stepR2Debit(tools, batch)),
    onEvent: (event) => logStepEvent(event, "R2", log),
  });

  return {
    checks: { database: () => database.problem() },
    steps: { "merchant-bank-settle": settle, "merchant-bank-refund": refund },
    async drain(drain) {
      await Promise.all([settle.drain(drain), refund.drain(drain)]);
      await database.close();
    },
  };
}
