/** One batch on its way through a processor: handled once, its outcomes confirmed, its inputs accepted last. */

import { checkNames, checkText, namesOf } from "../arguments.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import type { ErrorClass, Incoming, Outcome } from "../processor.js";
import type { Attempt, BatchAttempt, TakenApart } from "./attempt.js";
import { type Delivery, deliverOutcomes, giveAllBack, leave } from "./deliver-outcomes.js";
import { sendFailureClass } from "./failure-class.js";
import { holdAlone } from "./hold-alone.js";
import type { Hold } from "./holds.js";
import { withProcessSpan } from "./process-span.js";
import { attemptsOf } from "./redelivery.js";
import { failAlone } from "./set-aside.js";
import type { Step } from "./step.js";
import { takeApart } from "./take-apart.js";

/** What a batch asks of the processor that it belongs to. */
export interface BatchSurroundings {
  /** Takes what ends on its own time, so that one bad message does not hold the next batch up. */
  aside(message: Message, work: Promise<unknown>): void;
  /** Messages that have arrived meanwhile, `room` of them at most: a failing batch is compared with them. */
  neighbours(room: number): Promise<readonly Incoming<unknown>[]>;
}

const ERROR_CLASSES: ReadonlySet<ErrorClass> = new Set(["transient", "unknown", "permanent", "poison"]);
const OUTCOME_FIELDS = namesOf<Outcome>({ send: true, deadLetter: true });
const HANDLER_FAILED = "The handler failed";

/** How often a batch may fail before it is split: for a permanent reason, and for an unknown one. */
interface AttemptLimits {
  readonly permanent: number;
  readonly unknown: number;
}

/** Messages received together, in one epoch of the connection. */
export class Batch {
  readonly #step: Step;
  readonly #epoch: number;
  readonly #around: BatchSurroundings;

  constructor(step: Step, epoch: number, around: BatchSurroundings) {
    this.#step = step;
    this.#epoch = epoch;
    this.#around = around;
  }

  /**
   * Handles the messages until each is settled, or given up because it comes again. Permanent failures are tried
   * `retry.attempts` times and then halved, down to the one message that fails alone.
   */
  async run(messages: readonly Incoming<unknown>[]): Promise<void> {
    const { attempts, maximumUnknownAttempts } = this.#step.settings;
    await this.#run(messages, { permanent: attempts, unknown: maximumUnknownAttempts });
  }

  async #run(messages: readonly Incoming<unknown>[], limits: AttemptLimits): Promise<void> {
    const hold = this.#step.holds.begin("step");
    try {
      await this.#runHolding(messages, limits, hold);
    } finally {
      hold.end();
    }
  }

  async #runHolding(first: readonly Incoming<unknown>[], limits: AttemptLimits, hold: Hold): Promise<void> {
    const step = this.#step;
    let messages = first;
    let failures = 0;
    let permanentFailures = 0;
    let unknownFailures = 0;
    while (!step.lifecycle.isLost(this.#epoch)) {
      const attempt = await step.breaker.run(() => this.#attemptWhole(messages));
      if (step.lifecycle.isLost(this.#epoch)) break;
      if (attempt === undefined) return giveAllBack(step, messages, breakerCause(step));
      if ("outcomes" in attempt) {
        hold.end();
        return this.#deliver(messages, attempt.outcomes);
      }
      if ("apart" in attempt) {
        hold.end();
        messages = await this.#deliverParts(attempt.apart);
        if (messages.length === 0) return;
        continue;
      }
      const { error, errorClass } = attempt;
      failures += 1;
      permanentFailures += errorClass === "permanent" ? 1 : 0;
      unknownFailures += errorClass === "unknown" ? 1 : 0;
      const isEnough =
        permanentFailures >= this.#attemptLimit(messages, limits.permanent) || unknownFailures >= limits.unknown;
      if (errorClass === "poison" || (isEnough && errorClass !== "transient")) {
        return this.#isolate(messages, error, errorClass);
      }
      if (errorClass !== "permanent" && !step.takes) return giveAllBack(step, messages, error);
      hold.failed(messages.length, error);
      await step.backOff(failures, messages.length, error);
      if (step.lifecycle.isLost(this.#epoch)) break;
      if (!step.takes) return giveAllBack(step, messages, error);
      if (errorClass === "unknown") messages = [...messages, ...(await this.#neighbours(messages.length))];
    }
    leave(messages);
  }

  /** Where order matters those that come later cannot go first. */
  #neighbours(taken: number): Promise<readonly Incoming<unknown>[]> | readonly Incoming<unknown>[] {
    const { orderedByGroup, maximumSize } = this.#step.settings;
    return orderedByGroup || taken >= maximumSize ? [] : this.#around.neighbours(maximumSize - taken);
  }

  /** Takes a batch apart that failed for an unknown reason: what gets through shows that the world is ready. */
  async #attemptWhole(messages: readonly Incoming<unknown>[]): Promise<BatchAttempt> {
    const attempt = await this.#attempt(messages);
    if ("outcomes" in attempt || attempt.errorClass !== "unknown") return attempt;
    if (messages.length === 1 || this.#step.settings.orderedByGroup) return attempt;
    const isOver = (): boolean => this.#step.lifecycle.isLost(this.#epoch);
    const apart = await takeApart(messages, (part) => this.#attempt(part), isOver);
    return apart === undefined ? attempt : { apart };
  }

  /** Sends what got through, meets what failed alone, and tells what is still to be handled. */
  async #deliverParts({ through, alone, rest }: TakenApart): Promise<readonly Incoming<unknown>[]> {
    for (const { incoming, error, errorClass } of alone) {
      const { message } = incoming;
      if (errorClass === "permanent" || errorClass === "poison") {
        const failed = { message, epoch: this.#epoch, what: HANDLER_FAILED, error, errorClass };
        this.#around.aside(message, failAlone(this.#step, failed));
      } else {
        this.#holdAlone(incoming, HANDLER_FAILED, error);
      }
    }
    for (const { messages, outcomes } of through) {
      await this.#deliver(messages, outcomes);
    }
    return rest;
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
    checkOutcomes(`Processor ${settings.name}: handle`, outcomes, messages.length);
    return outcomes;
  }

  #classify(error: unknown): ErrorClass {
    try {
      const said = this.#step.settings.classify(error);
      // A hook that says nothing, or another word, says nothing of the message.
      return ERROR_CLASSES.has(said) ? said : "unknown";
    } catch {
      return "unknown";
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
      const failed = { message, epoch: this.#epoch, what: HANDLER_FAILED, error, errorClass };
      const work = failAlone(this.#step, failed);
      this.#around.aside(message, work);
      if (this.#step.settings.orderedByGroup) await work;
      return;
    }
    const middle = Math.ceil(messages.length / 2);
    const unknown = errorClass === "unknown" ? 1 : this.#step.settings.maximumUnknownAttempts;
    await this.#run(messages.slice(0, middle), { permanent: 1, unknown });
    await this.#run(messages.slice(middle), { permanent: 1, unknown });
  }

  #deliver(messages: readonly Incoming<unknown>[], outcomes: readonly Outcome[]): Promise<void> {
    const refused = (incoming: Incoming<unknown>, error: unknown): void => this.#refuse(incoming, error);
    return deliverOutcomes({ ...this.#delivery, refused }, messages, outcomes);
  }

  get #delivery(): Omit<Delivery, "refused"> {
    return { step: this.#step, epoch: this.#epoch, aside: (message, work) => this.#around.aside(message, work) };
  }

  /** An outcome that the broker cannot take is its input's fault; of any other failure nobody knows whose it is. */
  #refuse(incoming: Incoming<unknown>, error: unknown): void {
    const what = "Sending the outcome failed";
    if (sendFailureClass(error, false) !== "permanent" && !this.#step.settings.orderedByGroup) {
      this.#holdAlone(incoming, what, error);
      return;
    }
    const { message } = incoming;
    const failed = { message, epoch: this.#epoch, what, error, errorClass: "permanent" } as const;
    this.#around.aside(message, failAlone(this.#step, failed));
  }

  #holdAlone(incoming: Incoming<unknown>, what: string, error: unknown): void {
    const work = holdAlone({
      step: this.#step,
      epoch: this.#epoch,
      incoming,
      what,
      error,
      handle: () => this.#attempt([incoming]),
      deliver: async (outcomes) => {
        let refusal: { readonly refusal: unknown } | undefined;
        const refused = (_: Incoming<unknown>, refusedWith: unknown): void => {
          refusal = { refusal: refusedWith };
        };
        await deliverOutcomes({ ...this.#delivery, refused }, [incoming], outcomes);
        return refusal;
      },
    });
    this.#around.aside(incoming.message, work);
  }
}

function breakerCause(step: Step): unknown {
  const { state } = step.breaker;
  return state.name === "closed" ? undefined : state.cause;
}

/** @throws MessagingError `invalid-argument` for what is not one outcome for each message, or would do nothing in silence. */
function checkOutcomes(who: string, given: unknown, expected: number): asserts given is readonly Outcome[] {
  if (given === undefined) throw wrong(`${who} returned nothing: is a \`return\` missing?`);
  if (!Array.isArray(given)) throw wrong(`${who} must return an array, one outcome for each message.`);
  if (given.length !== expected) {
    throw wrong(`${who} returned ${given.length} outcomes, and must return one for each of its ${expected} messages.`);
  }
  for (const outcome of given as unknown[]) {
    if (outcome === undefined) throw wrong(`${who} returned an outcome that is undefined: is a \`return\` missing?`);
    checkNames(`${who}: an outcome`, outcome, OUTCOME_FIELDS);
    const { send, deadLetter } = outcome as Outcome;
    if (send !== undefined && !Array.isArray(send)) throw wrong(`${who}: \`send\` of an outcome must be an array.`);
    checkText(`${who}: \`deadLetter\` of an outcome`, deadLetter);
  }
}

function wrong(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
