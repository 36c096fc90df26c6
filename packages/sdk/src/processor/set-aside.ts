/** What becomes of single messages that cannot be handled: dead letter, another delivery, or the broker's own rule. */

import { MessagingError } from "../errors.js";
import type { Message, Outgoing } from "../message.js";
import { type DeadLetterClass, deadLetterOf, describeError } from "./dead-letter.js";
import { attemptsOf, redeliveryDelayMs, redeliveryOf } from "./redelivery.js";
import type { Step } from "./step.js";

/** A message to set aside: when it was received, and why it is bad. */
export interface BadMessage {
  readonly message: Message;
  readonly epoch: number;
  readonly reason: string;
  readonly errorClass: DeadLetterClass;
  readonly error?: unknown;
}

/**
 * Sends the dead letter, waits until the broker holds it, and only then accepts the message. While the dead-letter
 * destination cannot be reached this waits and tries again: a bad message must be neither lost nor dropped.
 * Resolves to whether the message is set aside; else it comes again.
 */
export async function setAside(step: Step, bad: BadMessage): Promise<boolean> {
  const { deadLetter, name, from } = step.settings;
  if (deadLetter === undefined) {
    bad.message.reject(bad.reason);
    announce(step, bad);
    return true;
  }
  const why = { reason: bad.reason, errorClass: bad.errorClass, processor: name, origin: from };
  // Made again for each attempt, because it carries the time.
  const sent = await replaceBy(step, bad, () => deadLetterOf(bad.message, deadLetter, why));
  // Counting the delivery lets the broker's own limit end what this processor cannot.
  if (sent.name === "failed") giveBack(step, bad.message, sent.error, sent.hopeless);
  if (sent.name === "replaced") announce(step, bad);
  return sent.name === "replaced";
}

/** Meets the failure of a message that was tried alone: it is tried again later, until its attempts are used up. */
export async function failAlone(
  step: Step,
  failed: Omit<BadMessage, "reason"> & { readonly what: string },
): Promise<void> {
  const { message, error, errorClass } = failed;
  const { maximumDeliveries, redelivery } = step.settings;
  const attempt = attemptsOf(message);
  const isTriedAgain = errorClass === "permanent" && attempt < maximumDeliveries && !step.settings.orderedByGroup;
  if (!isTriedAgain) {
    await setAside(step, { ...failed, reason: describeError(failed.what, error) });
    return;
  }
  if (redelivery === undefined) {
    giveBack(step, message, error, true);
    return;
  }
  const delayMs = redeliveryDelayMs(redelivery, attempt);
  const sent = await replaceBy(step, failed, () => redeliveryOf(message, step.settings.from, delayMs));
  if (sent.name === "failed") {
    giveBack(step, message, error, true);
  } else if (sent.name === "replaced") {
    step.emit({ name: "redelivery-scheduled", message, attempt, delayMs, error });
  }
}

/**
 * - `replaced`: the broker holds the other message, and this one is accepted.
 * - `lost`: the connection broke; this one comes again.
 * - `failed`: the other could not be sent; `hopeless` when trying again does not help.
 */
type Replacement =
  | { readonly name: "replaced" }
  | { readonly name: "lost" }
  | { readonly name: "failed"; readonly error: unknown; readonly hopeless: boolean };

/** Sends another message in place of this one, which is accepted only after the broker has confirmed the other. */
async function replaceBy(
  step: Step,
  { message, epoch }: Pick<BadMessage, "message" | "epoch">,
  make: () => Outgoing,
): Promise<Replacement> {
  for (let failures = 1; ; failures += 1) {
    if (step.lifecycle.isLost(epoch)) {
      message.release();
      return { name: "lost" };
    }
    try {
      await step.sender.send(make(), undefined);
      message.accept();
      return { name: "replaced" };
    } catch (error) {
      await step.backOff(failures, 1, error);
      const hopeless = !(error instanceof MessagingError && error.retryable);
      if (hopeless || step.lifecycle.phase !== "running") {
        return { name: "failed", error, hopeless };
      }
    }
  }
}

/** Releases a message; `failed` counts the delivery as an attempt. */
export function giveBack(step: Step, message: Message, error: unknown, failed: boolean): void {
  message.release({ failed });
  step.emit({ name: "released", message, error });
}

function announce(step: Step, bad: BadMessage): void {
  step.counts.deadLettered += 1;
  step.emit({
    name: "dead-letter",
    message: bad.message,
    reason: bad.reason,
    ...(bad.error !== undefined && { error: bad.error }),
  });
}
