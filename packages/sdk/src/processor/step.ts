/** What the parts of one processor share. */

import { backOffDelayMs } from "../back-off.js";
import type { Processor, ProcessorEvent } from "../processor.js";
import type { Reporter } from "../reporting.js";
import type { Breaker } from "./breaker.js";
import { Holds } from "./holds.js";
import type { Lifecycle } from "./lifecycle.js";
import type { OutcomeSender } from "./outcome-sender.js";
import type { ProcessorSettings } from "./processor-settings.js";

/** {@link Processor.counts} while they still grow. */
export type Counts = { -readonly [Name in keyof Processor["counts"]]: number };

/** One processor's parts; `settings` never change, the rest is its state. */
export class Step {
  readonly settings: ProcessorSettings;
  readonly lifecycle: Lifecycle;
  readonly sender: OutcomeSender;
  readonly breaker: Breaker;
  readonly holds = new Holds();
  readonly counts: Counts = { handled: 0, deadLettered: 0, retried: 0 };

  readonly #reporter: Reporter;

  constructor(
    settings: ProcessorSettings,
    parts: {
      readonly lifecycle: Lifecycle;
      readonly sender: OutcomeSender;
      readonly breaker: Breaker;
      /** Called with failures that have no listener. */
      readonly reporter: Reporter;
    },
  ) {
    const { lifecycle, sender, breaker, reporter } = parts;
    this.#reporter = reporter;
    this.settings = settings;
    this.lifecycle = lifecycle;
    this.sender = sender;
    this.breaker = breaker;
  }

  /** Whether messages may be handled now; if not, they are better off in the broker. */
  get takes(): boolean {
    return this.lifecycle.phase === "running" && this.breaker.state.name !== "open";
  }

  /** Tells the application; what its listener throws must not stop the queue. */
  emit(event: ProcessorEvent): void {
    const { onEvent, name } = this.settings;
    const message = "message" in event ? event.message : undefined;
    if (onEvent === undefined) {
      if ("error" in event && event.error !== undefined) {
        this.#reporter.report(`Processor ${name}`, event.error, message);
      }
      return;
    }
    try {
      onEvent(event);
    } catch (error) {
      this.#reporter.report(`onEvent of processor ${name}`, error, message);
    }
  }

  /** Announces and waits out the pause after the n-th failure in a row, unless a drain or a lost connection ends it. */
  async backOff(failures: number, size: number, error: unknown): Promise<void> {
    const delayMs = backOffDelayMs(this.settings.backOff, failures);
    this.counts.retried += 1;
    this.emit({ name: "retry", attempt: failures, delayMs, size, error });
    await this.lifecycle.pauses.wait(delayMs);
  }
}
