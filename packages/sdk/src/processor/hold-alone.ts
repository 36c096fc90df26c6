/** Keeps a message that fails alone for an unknown reason, and tries it again by itself, so that the others go on. */

import { backOffDelayMs } from "../back-off.js";
import type { ErrorClass, Incoming, Outcome } from "../processor.js";
import type { Attempt } from "./attempt.js";
import { failAlone, giveBack } from "./set-aside.js";
import type { Step } from "./step.js";

/** It may wait for somebody to fix a program: longer than what waits for a database to come back. */
const MAXIMUM_DELAY_MS = 30_000;

/** How the message came to be held, and how it is tried again. */
export interface LoneMessage {
  readonly step: Step;
  /** The epoch of the connection in which it was received. */
  readonly epoch: number;
  readonly incoming: Incoming<unknown>;
  /** What failed: the handler, or sending the outcome. */
  readonly what: string;
  readonly error: unknown;
  handle(): Promise<Attempt>;
  /** Sends and accepts; resolves with the failure where an outcome was refused and the message is not settled. */
  deliver(outcomes: readonly Outcome[]): Promise<{ readonly refusal: unknown } | undefined>;
}

/**
 * Tries the message again with growing delays, for as long as it takes or `retry.maximumUnknownAttempts` says. It stays
 * unsettled meanwhile and is not counted against; it goes back to the broker when the connection breaks, the breaker opens or
 * the processor drains. The credit window bounds how many are held.
 */
export async function holdAlone(lone: LoneMessage): Promise<void> {
  const { step, epoch, incoming } = lone;
  const { message } = incoming;
  const { backOff, maximumUnknownAttempts } = step.settings;
  const delays = { initialDelayMs: backOff.initialDelayMs, maximumDelayMs: MAXIMUM_DELAY_MS };
  const hold = step.holds.begin("messages");
  let failure: { what: string; error: unknown; errorClass: ErrorClass } = { ...lone, errorClass: "unknown" };
  let unknownFailures = 0;
  try {
    for (let attempt = 1; ; attempt += 1) {
      const { what, error, errorClass } = failure;
      unknownFailures += errorClass === "unknown" ? 1 : 0;
      if (errorClass !== "transient" && (errorClass !== "unknown" || unknownFailures >= maximumUnknownAttempts)) {
        return await failAlone(step, { message, epoch, what, error, errorClass });
      }
      hold.failed(1, error);
      const delayMs = backOffDelayMs(delays, attempt);
      step.emit({ name: "held", message, attempt, delayMs, error });
      await step.lifecycle.pauses.wait(delayMs);
      if (step.lifecycle.isLost(epoch)) return message.release();
      if (!step.takes) return giveBack(step, message, error, false);
      const next = await lone.handle();
      if ("error" in next) {
        failure = { what: "The handler failed", ...next };
        continue;
      }
      const refused = await lone.deliver(next.outcomes);
      if (refused === undefined) return;
      failure = { what: "Sending the outcome failed", error: refused.refusal, errorClass: "unknown" };
    }
  } finally {
    hold.end();
  }
}
