/** What a processor holds although nothing is known to be wrong with it, for readiness and for operators. */
import type { Held } from "../processor.js";

/** Messages that are tried again and again, from their first failure until they are through or released. */
export class Hold {
  readonly #all: Set<Hold>;
  readonly name: Held["name"];
  readonly sinceMs = Date.now();
  messages = 0;
  cause: unknown;

  constructor(all: Set<Hold>, name: Held["name"]) {
    this.#all = all;
    this.name = name;
  }

  /** They failed once more. */
  failed(messages: number, cause: unknown): void {
    this.messages = messages;
    this.cause = cause;
    this.#all.add(this);
  }

  end(): void {
    this.#all.delete(this);
  }
}

/** Bounded by what may be in hand: each message is in one hold at most. */
export class Holds {
  readonly #all = new Set<Hold>();

  begin(name: Held["name"]): Hold {
    return new Hold(this.#all, name);
  }

  /** All of one kind together, with the cause of the oldest; those that hold the whole step up come first. */
  get held(): Held | undefined {
    return this.#sum("step") ?? this.#sum("messages");
  }

  #sum(name: Held["name"]): Held | undefined {
    let oldest: Hold | undefined;
    let messages = 0;
    for (const hold of this.#all) {
      if (hold.name === name) {
        oldest ??= hold;
        messages += hold.messages;
      }
    }
    return oldest && { name, messages, sinceMs: oldest.sinceMs, cause: oldest.cause };
  }
}
