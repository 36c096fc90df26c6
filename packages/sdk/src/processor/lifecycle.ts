/** Whether a processor runs, drains or is over, and whether what it holds is still its own. */
import type { Connection } from "../connection.js";
import { Pauses } from "../pauses.js";

/**
 * - `running`: takes batches.
 * - `draining`: takes no more; what is held is finished, but nothing waits to be tried again.
 * - `over`: out of time, or the connection is closed; what is held is released.
 */
type Phase = "running" | "draining" | "over";

/** One for each processor. Back-off waits are made here, because both a drain and a lost connection end them. */
export class Lifecycle {
  readonly pauses = new Pauses();
  readonly #abort = new AbortController();
  readonly #stopReceiving = new AbortController();
  readonly #unsubscribe: () => void;
  #phase: Phase = "running";
  #epoch = 0;

  constructor(connection: Connection) {
    this.#unsubscribe = connection.onState((state) => {
      if (state.name === "reconnecting" || state.name === "closed") {
        this.#epoch += 1;
        this.pauses.endAll();
      }
      if (state.name === "closed") this.end();
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Counts the losses of the connection: messages received in an earlier epoch come again and cannot be settled. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Aborts when what is held must be left. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Aborts when no more batches are to be taken. */
  get receiving(): AbortSignal {
    return this.#stopReceiving.signal;
  }

  /** Whether work on messages received in `epoch` is lost. */
  isLost(epoch: number): boolean {
    return this.#phase === "over" || epoch !== this.#epoch;
  }

  drain(): void {
    if (this.#phase === "running") {
      this.#phase = "draining";
      this.#stopReceiving.abort();
      this.pauses.endForGood();
    }
  }

  end(): void {
    this.drain();
    this.#phase = "over";
    this.#abort.abort();
    this.#unsubscribe();
  }
}
