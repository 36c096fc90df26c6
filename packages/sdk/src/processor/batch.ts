/** One batch on its way through a processor: handled once, its outcomes confirmed, its inputs accepted last. */

import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import type { ErrorClass, Incoming, Outcome } from "../processor.js";
import type { Attempt } from "./breaker.js";
import type { PendingSend } from "./outcome-sender.js";
import { withProcessSpan } from "./process-span.js";
import { attemptsOf } from "./redelivery.js";
import { failAlone, giveBack, setAside } from "./set-aside.js";
import type { Step } from "./step.js";

/** Messages received together, in one epoch of the connection. */
export class Batch {
  readonly #step: Step;
  readonly #epoch: number;
  /** Takes what ends on its own time, so that one bad message does not hold the next batch up. */
  readonly #aside: (message: Message, work: Promise<unknown>) => void;

  constructor(step: Step, epoch: number, aside: (message: Message, work: Promise<unknown>) => void) {
    this.#step = step;
    this.#epoch = epoch;
    this.#aside = aside;
  }

  /**
   * Handles the messages until each is settled, or given up because it comes again. Permanent failures are tried
   * `attempts` times and then halved, down to the one message that fails alone.
   */
  async run(messages: readonly Incoming<unknown>[], attempts = this.#step.settings.attempts): Promise<void> {
    const step = this.#step;
    const limit = this.#attemptLimit(messages, attempts);
    let failures = 0;
    let permanentFailures = 0;
    while (!step.lifecycle.isLost(this.#epoch)) {
      const attempt = await step.breaker.run(() => this.#attempt(messages));
      if (step.lifecycle.isLost(this.#epoch)) {
        break;
      }
      if (attempt === undefined) {
        return this.#giveAllBack(messages, breakerCause(step));
      }
      if ("outcomes" in attempt) {
        return this.#deliver(messages, attempt.outcomes);
      }
      const { error, errorClass } = attempt;
      failures += 1;
      if (errorClass !== "transient") {
        permanentFailures += 1;
        if (errorClass === "poison" || permanentFailures >= limit) {
          return this.#isolate(messages, error, errorClass);
        }
      } else if (!step.takes) {
        return this.#giveAllBack(messages, error);
      }
      await step.backOff(failures, messages.length, error);
      if (!step.takes && !step.lifecycle.isLost(this.#epoch)) {
        return this.#giveAllBack(messages, error);
      }
    }
    this.#leave(messages);
  }

  /** Where order matters a lone message has all its attempts here, for those behind it must wait. */
  #attemptLimit(messages: readonly Incoming<unknown>[], attempts: number): number {
    const { orderedByGroup, maximumDeliveries } = this.#step.settings;
    const only = messages.length === 1 ? messages[0] : undefined;
    return orderedByGroup && only !== undefined
      ? Math.max(1, maximumDeliveries + 1 - attemptsOf(only.message))
      : attempts;
  }

  async #attempt(messages: readonly Incoming<unknown>[]): Promise<Attempt> {
    try {
      return { outcomes: await this.#handle(messages) };
    } catch (error) {
      return { error, errorClass: this.#classify(error) };
    }
  }

  async #handle(messages: readonly Incoming<unknown>[]): Promise<readonly Outcome[]> {
    const { settings, lifecycle } = this.#step;
    const source = { destination: settings.from, subscription: settings.subscription?.name };
    const outcomes = await withProcessSpan(source, messages, () =>
      settings.handle(messages, { signal: lifecycle.signal }),
    );
    if (!Array.isArray(outcomes) || outcomes.length !== messages.length || !outcomes.every(isOutcome)) {
      throw new MessagingError(
        "invalid-argument",
        `Processor ${settings.name}: handle must return one outcome for each of its ${messages.length} messages.`,
      );
    }
    return outcomes;
  }

  #classify(error: unknown): ErrorClass {
    try {
      return this.#step.settings.classify(error);
    } catch {
      return "permanent";
    }
  }

  /** Halves the messages until the bad one is alone; the others get through. */
  async #isolate(
    messages: readonly Incoming<unknown>[],
    error: unknown,
    errorClass: Exclude<ErrorClass, "transient">,
  ): Promise<void> {
    const only = messages.length === 1 ? messages[0] : undefined;
    if (only !== undefined) {
      const { message } = only;
      const failed = { message, epoch: this.#epoch, what: "The handler failed", error, errorClass };
      const work = failAlone(this.#step, failed);
      this.#aside(message, work);
      if (this.#step.settings.orderedByGroup) {
        await work;
      }
      return;
    }
    const middle = Math.ceil(messages.length / 2);
    await this.run(messages.slice(0, middle), 1);
    await this.run(messages.slice(middle), 1);
  }

  /** Sends until each outcome is confirmed or refused; only what failed is sent again, and the handler is not asked. */
  async #deliver(messages: readonly Incoming<unknown>[], outcomes: readonly Outcome[]): Promise<void> {
    const step = this.#step;
    const settled = new Array<boolean>(messages.length).fill(false);
    let waiting: readonly PendingSend[] = step.sender.pendingSends(messages, outcomes);
    for (let failures = 1; ; failures += 1) {
      const failed = await step.sender.sendAll(waiting);
      const again: PendingSend[] = [];
      const open = new Set<number>();
      let lastError: unknown;
      for (const { send, error } of failed) {
        if (isLineLost(error)) {
          if (!step.lifecycle.isLost(this.#epoch)) {
            // The news of the loss is still to come, or only the producer is gone: do not spin on what comes again.
            await step.backOff(failures, messages.length, error);
          }
          return this.#leave(messages.filter((_, input) => settled[input] !== true));
        }
        if (error instanceof MessagingError && error.retryable) {
          again.push(send);
          open.add(send.input);
          lastError = error;
        } else if (settled[send.input] !== true) {
          settled[send.input] = true;
          this.#refuse(messages[send.input], error);
        }
      }
      for (const [input, incoming] of messages.entries()) {
        if (settled[input] !== true && !open.has(input)) {
          settled[input] = true;
          this.#conclude(incoming, outcomes[input] ?? {});
        }
      }
      waiting = again.filter((send) => settled[send.input] !== true);
      if (waiting.length === 0) {
        return;
      }
      const unsettled = messages.filter((_, input) => settled[input] !== true);
      if (step.lifecycle.phase === "running") {
        await step.backOff(failures, unsettled.length, lastError);
      }
      if (step.lifecycle.isLost(this.#epoch)) {
        return this.#leave(unsettled);
      }
      if (step.lifecycle.phase !== "running") {
        return this.#giveAllBack(unsettled, lastError);
      }
    }
  }

  /** The persistent messages of this outcome are held by the broker; what remains is cheap, then the input may go. */
  #conclude(incoming: Incoming<unknown>, outcome: Outcome): void {
    const { message } = incoming;
    try {
      this.#step.sender.sendUnconfirmed(outcome, message);
    } catch (error) {
      this.#refuse(incoming, error);
      return;
    }
    if (outcome.deadLetter !== undefined) {
      const bad = { message, epoch: this.#epoch, reason: outcome.deadLetter, errorClass: "application" } as const;
      this.#aside(message, setAside(this.#step, bad));
      return;
    }
    message.accept();
    this.#step.counts.handled += 1;
  }

  #refuse(incoming: Incoming<unknown> | undefined, error: unknown): void {
    if (incoming !== undefined) {
      const { message } = incoming;
      const what = "Sending the outcome failed";
      const failed = { message, epoch: this.#epoch, what, error, errorClass: "permanent" } as const;
      this.#aside(message, failAlone(this.#step, failed));
    }
  }

  #giveAllBack(messages: readonly Incoming<unknown>[], error: unknown): void {
    for (const { message } of messages) {
      giveBack(this.#step, message, error, false);
    }
  }

  /** The messages come again in any case; where the line still stands, releasing them makes it soon. */
  #leave(messages: readonly Incoming<unknown>[]): void {
    for (const { message } of messages) {
      message.release();
    }
  }
}

function breakerCause(step: Step): unknown {
  const { state } = step.breaker;
  return state.name === "closed" ? undefined : state.cause;
}

function isOutcome(value: unknown): value is Outcome {
  return typeof value === "object" && value !== null;
}

/** With the line, the inputs are lost as well: the broker offers them again, and the handler must not count on these. */
function isLineLost(error: unknown): boolean {
  return error instanceof MessagingError && (error.code === "connection-lost" || error.code === "closed");
}
