/** client-bank: steps 3 and 5b of the payment cycle, H2 and H3 of holds, R3 of refunds, the reads, and the management of clients. */
import type { Connection } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { answerManagement } from "../shared/answer-management.js";
import { Envelopes } from "../shared/envelope.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { respondSigned } from "../shared/respond-signed.js";
import { startSteps } from "../shared/start-steps.js";
import { answerRead } from "./answer-reads.js";
import { GuessBook, type GuessLimits, NO_GUESS_LIMITS } from "./card-guesses.js";
import { clientService } from "./clients/client-service.js";
import { Gateways, hearGateways } from "./gateways.js";
import { createOutcomeMetrics } from "./outcome-metrics.js";
import { type StepTools, step3Capture } from "./step-3-capture.js";
import { step5bFinish } from "./step-5b-finish.js";
import { stepH2Conclude } from "./step-h2-conclude.js";
import { startHoldSweep } from "./step-h3-expire.js";
import { stepR3Credit } from "./step-r3-credit.js";

const DEFAULT_READ_CONCURRENCY = 2;
/** Calls of an operator answered at once: few, so that payments have the database. */
const MANAGEMENT_CONCURRENCY = 2;
const DEFAULT_HOLD_SWEEP_MS = 10_000;

export interface ClientBankOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
  /** Reads answered at once [2]: fewer than the pool has connections, so that the steps always have some. */
  readonly readConcurrency?: number;
  /** How often cards may be guessed at [as often as anybody likes]. */
  readonly guessLimits?: GuessLimits;
  /** How long money is held, in milliseconds [7 days]. */
  readonly holdMs?: number;
  /** How often holds that have expired are looked for, in milliseconds [10 seconds]. */
  readonly holdSweepMs?: number;
  /** The clock by which deadlines are judged: milliseconds since 1970 [Date.now]. */
  readonly now?: () => number;
}

/** Starts steps 3, 5b, H2, H3 and R3, the reads and the management of clients on `connection`. */
export async function startClientBank(options: ClientBankOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const now = options.now ?? Date.now;
  const envelopes = new Envelopes("client-bank", options.messageKeys, log);
  const guesses = new GuessBook(options.guessLimits ?? NO_GUESS_LIMITS);
  const gateways = new Gateways();
  const tools: StepTools = {
    database,
    log,
    outcomes: createOutcomeMetrics(now),
    envelopes,
    gateways,
    guesses,
    holdMs: options.holdMs,
    now,
  };

  // Before the steps: a gateway has been heard before it is answered.
  await hearGateways(gateways, { connection, envelopes, log });
  const cycle = await startSteps(
    "client-bank",
    {
      "3": (batch) => step3Capture(tools, batch),
      "5b": (batch) => step5bFinish(tools, batch),
      H2: (batch) => stepH2Conclude(tools, batch),
      R3: (batch) => stepR3Credit(tools, batch),
    },
    { connection, envelopes, log },
  );
  const reads = await respondSigned(
    { connection, envelopes, log },
    "payment-read",
    (request) => answerRead(tools, request),
    { concurrency: options.readConcurrency ?? DEFAULT_READ_CONCURRENCY, failure: "read not answered" },
  );
  const management = await answerManagement("client-bank", clientService({ database, connection, envelopes, now }), {
    ...{ connection, envelopes, log },
    concurrency: MANAGEMENT_CONCURRENCY,
  });

  const sweep = await startHoldSweep({ ...tools, connection, everyMs: options.holdSweepMs ?? DEFAULT_HOLD_SWEEP_MS });

  return {
    checks: { database: () => database.problem() },
    steps: cycle.steps,
    async drain(drain) {
      await Promise.all([cycle.drain(drain), reads.drain(drain), management.drain(drain), sweep.stop()]);
      await database.close();
    },
  };
}
