/** Sends that wait for their turn, in order, without moving the rest at each take. */
import type { MessagingError } from "../errors.js";
import type { DeliveryOutcome } from "./decode-frames.js";

/** One message on its way. */
export interface PendingSend {
  readonly bytes: Buffer;
  readonly address: string;
  /** False for a send at most once, whose fate nobody asks for. */
  readonly confirmed: boolean;
  /** When it was asked for, and when it times out, on the clock of `performance.now()`. */
  readonly begun: number;
  readonly deadline: number;
  /** Told the outcome, once. */
  readonly done: (error: MessagingError | undefined) => void;
  /** Whether it has left. */
  sent: boolean;
  /** What the broker said of it without settling it yet. */
  outcome: DeliveryOutcome | undefined;
  /** Whether nobody waits for the outcome any more. */
  over: boolean;
}

const COMPACT_FROM = 1_024;

export class SendQueue {
  #entries: PendingSend[] = [];
  #head = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  push(send: PendingSend): void {
    this.#entries.push(send);
  }

  peek(): PendingSend | undefined {
    return this.#entries[this.#head];
  }

  shift(): PendingSend | undefined {
    const send = this.#entries[this.#head];
    if (send === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return send;
  }
}
