/** merchant-bank: step 4 of the payment cycle, and step R2 of refunds. */
import type { Connection } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { Envelopes } from "../shared/envelope.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { startSteps } from "../shared/start-steps.js";
import { step4Settle } from "./step-4-settle.js";
import { stepR2Debit } from "./step-r2-debit.js";

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

  const cycle = await startSteps(
    "merchant-bank",
    {
      "4": (batch) => step4Settle(tools, batch),
      R2: (batch) => stepR2Debit(tools, batch),
    },
    { connection, envelopes, log },
  );
  return {
    checks: { database: () => database.problem() },
    steps: cycle.steps,
    async drain(drain) {
      await cycle.drain(drain);
      await database.close();
    },
  };
}
