/** The faults that a test has asked for, and what producers must know of them. */

import type { Condition, Postponed } from "../../amqp/server/backend.js";
import { MessagingError } from "../../errors.js";
import type { Fault, RejectOptions } from "../broker-options.js";
import { fits } from "./rights.js";
import { Schedule } from "./schedule.js";

/** Outcomes that one fault holds back at once; more are said. */
const MAXIMUM_HELD = 10_000;
/** In place of an address, which none is. */
const COMMITS = "";
const DEFAULT_CONDITION = "amqp:resource-limit-exceeded";
const DEFAULT_DESCRIPTION = "The broker was asked to reject the message.";

interface Rule {
  readonly pattern: string;
}

interface Rejection extends Rule {
  /** Why one more message is rejected. */
  take(): Condition;
}

/** What keeps outcomes from being said. */
interface OutcomeRule extends Rule {
  keep(say: () => void): void;
}

export class Faults {
  readonly #refusals: Rule[] = [];
  readonly #rejections: Rejection[] = [];
  readonly #outcomes: OutcomeRule[] = [];
  readonly #faults = new Set<Fault>();
  readonly #watchers = new Set<() => void>();

  refuseCredit(pattern: string): Fault {
    const fault = this.#add(this.#refusals, { pattern }, () => this.#creditChanged());
    this.#creditChanged();
    return fault;
  }

  /** @throws MessagingError `invalid-argument` */
  rejectNext(
    pattern: string,
    { count = 1, condition = DEFAULT_CONDITION, description = DEFAULT_DESCRIPTION }: RejectOptions,
  ): Fault {
    checkWhole("count", count);
    const said = { condition, description };
    const strikes = counted(count, () => fault.lift());
    const take = () => {
      strikes();
      return said;
    };
    const fault = this.#add(this.#rejections, { pattern, take });
    return fault;
  }

  /** @throws MessagingError `invalid-argument` */
  delayOutcomes(pattern: string, delayMs?: number): Fault {
    if (delayMs !== undefined) checkWhole("delayMs", delayMs);
    const delayed = new DelayedOutcomes(pattern, delayMs);
    return this.#add(this.#outcomes, delayed, () => delayed.end());
  }

  /** @throws MessagingError `invalid-argument` */
  forgetOutcomes(pattern: string, count = 1): Fault {
    checkWhole("count", count);
    const keep = counted(count, () => fault.lift());
    const fault = this.#add(this.#outcomes, { pattern, keep });
    return fault;
  }

  /** Calls back when another answer of {@link refusesCredit} is possible, until the returned function is called. */
  watchCredit(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The anonymous relay has the address "". */
  refusesCredit(address: string): boolean {
    return this.#refusals.length > 0 && ruleFor(this.#refusals, address) !== undefined;
  }

  /** Why a message for the address is rejected, which is counted. */
  rejection(address: string): Condition | undefined {
    return this.#rejections.length === 0 ? undefined : ruleFor(this.#rejections, address)?.take();
  }

  /** How to say what became of a message, where that must not be said at once. */
  postponed(address: string, said: Condition | undefined): Postponed | undefined {
    if (this.#outcomes.length === 0) return undefined;
    const rule = ruleFor(this.#outcomes, address);
    return rule === undefined ? undefined : { said, postpone: (say) => rule.keep(say) };
  }

  postponedCommit(said: Condition | undefined): Postponed | undefined {
    return this.postponed(COMMITS, said);
  }

  /** @throws MessagingError `invalid-argument` */
  forgetCommits(count?: number): Fault {
    return this.forgetOutcomes(COMMITS, count);
  }

  close(): void {
    for (const fault of [...this.#faults]) fault.lift();
  }

  #add<R extends Rule>(rules: R[], rule: R, onLift?: () => void): Fault {
    rules.push(rule);
    const lift = () => {
      if (!this.#faults.delete(fault)) return;
      const at = rules.indexOf(rule);
      if (at >= 0) rules.splice(at, 1);
      onLift?.();
    };
    const fault = { lift, [Symbol.dispose]: lift };
    this.#faults.add(fault);
    return fault;
  }

  #creditChanged(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Outcomes that wait, each for a time or all until the end. */
class DelayedOutcomes implements OutcomeRule {
  readonly pattern: string;
  readonly #delayMs: number | undefined;
  readonly #held: (() => void)[] = [];
  readonly #due = new Schedule<() => void>((say) => say());

  constructor(pattern: string, delayMs: number | undefined) {
    this.pattern = pattern;
    this.#delayMs = delayMs;
  }

  keep(say: () => void): void {
    if (this.#held.length + this.#due.size >= MAXIMUM_HELD) say();
    else if (this.#delayMs === undefined) this.#held.push(say);
    else this.#due.add(say, Date.now() + this.#delayMs);
  }

  /** Says all that waits. */
  end(): void {
    for (const say of [...this.#held.splice(0), ...this.#due.clear()]) say();
  }
}

/** Calls back when it was called so often. */
function counted(count: number, onLast: () => void): () => void {
  let left = count;
  return () => {
    if (--left === 0) onLast();
  };
}

/** The first that was asked for. */
function ruleFor<R extends Rule>(rules: readonly R[], address: string): R | undefined {
  return rules.find(({ pattern }) => fits(pattern, address));
}

function checkWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new MessagingError("invalid-argument", `${name} is ${value}: give a whole number, 1 or more.`);
}
