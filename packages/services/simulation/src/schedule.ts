/**
 * What happens next. Everything that can happen is a step that waits here, and the seed picks one after the other, so
 * that a seed is a whole schedule: of two processes that could go on, either may.
 */
import { createHash } from "node:crypto";
import type { Random } from "./random.js";

/** Somebody who takes steps: a life of a process, the broker, the database. */
export interface Actor {
  /** For the story of a schedule, and part of what tells schedules apart. */
  readonly name: string;
}

interface Step {
  readonly actor: Actor;
  readonly name: string;
  run(): void;
}

/** Steps told in the story of a schedule that failed. */
const MAXIMUM_STORY = 400;

/** All that is promised by then has run, for handlers await nothing but promises and this schedule. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Schedule {
  readonly #random: Random;
  /** How often the actor of the last step takes the next one as well, where it can. */
  readonly #stickiness: number;
  readonly #steps: Step[] = [];
  readonly #story: string[] = [];
  readonly #hash = createHash("sha1");
  readonly #dead = new WeakSet<Actor>();
  #last: Actor | undefined;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#stickiness = random.pick([0, 0, 0.5, 0.9]);
  }

  /** Steps taken. */
  get count(): number {
    return this.#count;
  }

  /** The last steps, one a line. */
  get story(): readonly string[] {
    return this.#story;
  }

  /** Tells this sequence of steps from others. Call it once, at the end. */
  digest(): string {
    return this.#hash.digest("base64");
  }

  /** Whether the actor has something to do. */
  isBusy(actor: Actor): boolean {
    return this.#steps.some((step) => step.actor === actor);
  }

  /** Lets `run` happen some time; never, when the actor was killed. */
  add(actor: Actor, name: string, run: () => void): void {
    if (!this.#dead.has(actor)) this.#steps.push({ actor, name, run });
  }

  /** Waits for a turn; forever when the actor is killed meanwhile. */
  turn(actor: Actor, name: string): Promise<void> {
    return new Promise((resolve) => this.add(actor, name, resolve));
  }

  /**
   * Takes the actor's steps away for good: what waited for them never goes on.
   * @returns what it was about to do, without the numbers of messages.
   */
  kill(actor: Actor): string[] {
    const points = this.#steps.filter((step) => step.actor === actor).map(({ name }) => name);
    this.#dead.add(actor);
    for (let place = this.#steps.length - 1; place >= 0; place -= 1) {
      if (this.#steps[place]?.actor === actor) this.#steps.splice(place, 1);
    }
    return points.length === 0
      ? ["nothing"]
      : points.map((name) => name.replace(/#\d+/, "").replace(/reply .*/, "reply"));
  }

  /** Writes into the story, and into what tells schedules apart. */
  note(text: string): void {
    this.#hash.update(text).update("\n");
    this.#story.push(text);
    if (this.#story.length > MAXIMUM_STORY) this.#story.shift();
  }

  /** Takes one step, with everything that follows from it at once; false when there is none to take. */
  async next(): Promise<boolean> {
    if (this.#steps.length === 0) return false;
    const step = this.#choose();
    this.#count += 1;
    this.#last = step.actor;
    this.note(`${step.actor.name}: ${step.name}`);
    step.run();
    await settled();
    return true;
  }

  #choose(): Step {
    if (this.#last !== undefined && this.#random.chance(this.#stickiness)) {
      const place = this.#steps.findIndex(({ actor }) => actor === this.#last);
      const [step] = place === -1 ? [] : this.#steps.splice(place, 1);
      if (step !== undefined) return step;
    }
    return this.#random.take(this.#steps);
  }
}
