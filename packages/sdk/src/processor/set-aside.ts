/** What becomes of single messages that cannot be handled: dead letter, another delivery, or the broker's own rule. */

import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import { type DeadLetterClass, deadLetterOf, describeError } from "./dead-letter.js";
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
 */
export async function setAside(step: Step, bad: BadMessage): Promise<void> {
  const { deadLetter, name, from } = step.settings;
  if (deadLetter === undefined) {
    bad.message.reject(bad.reason);
    announce(step, bad);
    return;
  }
  const why = { reason: bad.reason, errorClass: bad.errorClass, processor: name, origin: from.address };
  for (let failures = 1; ; failures += 1) {
    if (step.lifecycle.isLost(bad.epoch)) {
      bad.message.release();
      return;
    }
    try {
      // Made anew for each attempt, because it carries the time.
      await step.sender.send(deadLetterOf(bad.message, deadLetter, why), undefined);
      bad.message.accept();
      announce(step, bad);
      return;
    } catch (error) {
      await step.backOff(failures, 1, error);
      const hopeless = !(error instanceof MessagingError && error.retryable);
      if (hopeless || step.lifecycle.phase !== "running") {
        // Counting the delivery lets the broker's own limit end what this processor cannot.
        giveBack(step, bad.message, error, hopeless);
        return;
      }
    }
  }
}

/** Meets the failure of a message that was tried alone: the broker offers it again until its deliveries are used up. */
export function failAlone(step: Step, message: Message, epoch: number, what: string, error: unknown): Promise<void> {
  if (message.deliveryCount < step.settings.maximumDeliveries) {
    giveBack(step, message, error, true);
    return Promise.resolve();
  }
  return setAside(step, { message, epoch, reason: describeError(what, error), errorClass: "permanent", error });
}

/** Gives a message back; `failed` counts the delivery as an attempt. */
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
