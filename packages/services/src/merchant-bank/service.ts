/** merchant-bank: step 4 of the payment cycle, R2 of refunds, P1 of payouts, and the management of merchants. */
import type { Connection } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { answerManagement } from "../shared/answer-management.js";
import { Envelopes } from "../shared/envelope.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { startSteps } from "../shared/start-steps.js";
import { merchantAccountService } from "./merchants/merchant-account-service.js";
import { merchantService } from "./merchants/merchant-service.js";
import { step4Settle } from "./step-4-settle.js";
import { startPayoutTeller } from "./step-p1-tell.js";
import { stepR2Debit } from "./step-r2-debit.js";

/** Calls answered at once: few, so that payments have the database. */
const MANAGEMENT_CONCURRENCY = 2;
const DEFAULT_PAYOUT_LOOK_MS = 10_000;

export interface MerchantBankOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
  /** How often payouts that nobody told are looked for, in milliseconds [10 seconds]. */
  readonly payoutLookMs?: number;
  /** The clock: milliseconds since 1970 [Date.now]. */
  readonly now?: () => number;
}

/** Starts steps 4, R2 and P1, and the management of merchants, on `connection`. */
export async function startMerchantBank(options: MerchantBankOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const envelopes = new Envelopes("merchant-bank", options.messageKeys, log);
  const now = options.now ?? Date.now;
  const tools = { database, log, envelopes, now };

  const cycle = await startSteps(
    "merchant-bank",
    {
      "4": (batch) => step4Settle(tools, batch),
      R2: (batch) => stepR2Debit(tools, batch),
    },
    { connection, envelopes, log },
  );
  const payouts = await startPayoutTeller({
    ...{ connection, database, envelopes, log, now },
    everyMs: options.payoutLookMs ?? DEFAULT_PAYOUT_LOOK_MS,
  });
  const paidOut = () => void payouts.run();
  const management = await answerManagement(
    "merchant-bank",
    { ...merchantService({ database, now, paidOut }), ...merchantAccountService({ database }) },
    { connection, envelopes, log, concurrency: MANAGEMENT_CONCURRENCY },
  );
  return {
    checks: { database: () => database.problem() },
    steps: cycle.steps,
    async drain(drain) {
      await Promise.all([cycle.drain(drain), management.drain(drain)]);
      await payouts.stop();
      await database.close();
    },
  };
}
