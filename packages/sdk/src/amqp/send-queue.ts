/** Sends that wait for their turn, in order, without moving the rest at each take. */
import { MessagingError } from "../errors.js";
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

/** Ends a send, unless it has ended. */
export function finish(send: PendingSend, error: MessagingError): void {
  if (send.over) return;
  send.over = true;
  send.done(error);
}

/** Messages of one call that have a place in the queue together, and are encoded one by one as their turn comes. */
export class SendGroup {
  readonly #places: readonly number[];
  readonly #prepare: (place: number) => PendingSend;
  readonly #ended: (place: number, error: MessagingError) => void;
  #at = 0;
  #current: PendingSend | undefined;

  /** @param ended called for those that are not handed out: they cannot be sent as given, or the group has failed. */
  constructor(
    places: readonly number[],
    prepare: (place: number) => PendingSend,
    ended: (place: number, error: MessagingError) => void,
  ) {
    this.#places = places;
    this.#prepare = prepare;
    this.#ended = ended;
  }

  /** How many have not been taken. */
  get length(): number {
    return this.#places.length - this.#at;
  }

  peek(): PendingSend | undefined {
    while (this.#current === undefined && this.length > 0) {
      const place = this.#places[this.#at] as number;
      try {
        this.#current = this.#prepare(place);
      } catch (error) {
        this.#at++;
        this.#ended(place, asMessagingError(error));
      }
    }
    return this.#current;
  }

  take(): void {
    this.#current = undefined;
    this.#at++;
  }

  /** Ends all that have not been taken. */
  fail(error: MessagingError): void {
    const current = this.#current;
    if (current !== undefined) {
      this.take();
      finish(current, error);
    }
    while (this.length > 0) this.#ended(this.#places[this.#at++] as number, error);
  }
}

export function asMessagingError(error: unknown): MessagingError {
  return error instanceof MessagingError ? error : new MessagingError("invalid-argument", String(error));
}

type Entry = PendingSend | SendGroup;

const COMPACT_FROM = 1_024;

export class SendQueue {
  #entries: Entry[] = [];
  #head = 0;
  #groups = 0;

  /** A group is one of them. */
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** How many messages wait. */
  get messages(): number {
    if (this.#groups === 0) return this.length;
    let messages = 0;
    for (let at = this.#head; at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      messages += entry instanceof SendGroup ? entry.length : 1;
    }
    return messages;
  }

  /** The group whose turn it is, if it is one's. */
  get group(): SendGroup | undefined {
    const entry = this.#entries[this.#head];
    return entry instanceof SendGroup ? entry : undefined;
  }

  push(entry: Entry): void {
    if (entry instanceof SendGroup) this.#groups++;
    this.#entries.push(entry);
  }

  peek(): PendingSend | undefined {
    for (;;) {
      const entry = this.#entries[this.#head];
      if (this.#groups === 0 || !(entry instanceof SendGroup)) return entry as PendingSend | undefined;
      const send = entry.peek();
      if (send !== undefined) return send;
      this.#drop();
    }
  }

  shift(): PendingSend | undefined {
    const send = this.peek();
    if (send === undefined) return undefined;
    const { group } = this;
    if (group === undefined) this.#drop();
    else group.take();
    return send;
  }

  /** Ends all that wait; what is pushed meanwhile is not among them. */
  fail(error: MessagingError): void {
    const entries = this.#entries.slice(this.#head);
    this.#entries = [];
    this.#head = 0;
    this.#groups = 0;
    for (const entry of entries) {
      if (entry instanceof SendGroup) entry.fail(error);
      else finish(entry, error);
    }
  }

  #drop(): void {
    if (this.#entries[this.#head] instanceof SendGroup) this.#groups--;
    this.#head++;
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}
