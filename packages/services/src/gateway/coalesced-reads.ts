/**
 * Reads of single payments and refunds, of whatever calls, in as few messages as the load allows: what is asked while the
 * messages that may be under way are under way goes with the next one. So a read that is alone waits for nobody, and
 * the more there are, the more of them share a message and a statement.
 */
import { MESSAGE_VERSION, type PaymentView } from "../shared/messages.js";
import { type PaymentReadRequest, paymentReadReply, READS_IN_A_MESSAGE } from "../shared/read-messages.js";
import type { RefundView } from "../shared/refund-messages.js";
import { type AskParts, askClientBank, readsUnavailable } from "./ask-client-bank.js";
import { overloaded } from "./broker-failure.js";

/** Messages under way at once. */
const MAXIMUM_UNDER_WAY = 4;
/** Callers that may wait for an answer; one more is refused. */
const MAXIMUM_READERS = 10_000;
const OPENING_TIMEOUT_MS = 5_000;
/** Reads end within so many milliseconds of their time: one sweep for all costs less than a timer for each. */
const SWEEP_INTERVAL_MS = 25;

/** What is read, by whom, and how long that may take. */
export interface Reading {
  readonly id: string;
  readonly merchantId: string;
  readonly traceparent: string;
  readonly timeoutMs: number;
}

type Kind = "payments" | "refunds";
type View = PaymentView | RefundView;

/** A caller that waits for what was read. */
interface Reader {
  /** On the clock of `performance.now()`. */
  readonly untilMs: number;
  readonly resolve: (view: View | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One payment or refund that is read, for all who ask for it before its message leaves. */
interface Item {
  readonly kind: Kind;
  readonly id: string;
  readonly merchantId: string;
  readonly traceparent: string;
  readers: Reader[];
}

export class CoalescedReads {
  readonly #parts: AskParts;
  /** By merchant and id, in the order in which they were asked for. */
  readonly #waiting = new Map<string, Item>();
  readonly #underWay = new Set<readonly Item[]>();
  #readers = 0;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(parts: AskParts) {
    this.#parts = parts;
  }

  /** Asks for nothing, so that the way of the answers is open and the first read takes no longer than others. */
  open(): void {
    askClientBank(this.#parts, getMany([]), { timeoutMs: OPENING_TIMEOUT_MS }).catch(() => undefined);
  }

  /** A merchant's payment as it is recorded; undefined when it is not. @throws ApiError UNAVAILABLE, RESOURCE_EXHAUSTED. */
  payment(reading: Reading): Promise<PaymentView | undefined> {
    return this.#read("payments", reading) as Promise<PaymentView | undefined>;
  }

  /** The same as {@link payment} of a refund. */
  refund(reading: Reading): Promise<RefundView | undefined> {
    return this.#read("refunds", reading) as Promise<RefundView | undefined>;
  }

  #read(kind: Kind, { id, merchantId, traceparent, timeoutMs }: Reading): Promise<View | undefined> {
    if (this.#readers >= MAXIMUM_READERS) return Promise.reject(overloaded());
    this.#readers += 1;
    const { promise, resolve, reject } = Promise.withResolvers<View | undefined>();
    const ended =
      <Value>(end: (value: Value) => void) =>
      (value: Value) => {
        this.#readers -= 1;
        end(value);
      };
    const reader = { untilMs: performance.now() + timeoutMs, resolve: ended(resolve), reject: ended(reject) };
    const key = `${merchantId} ${id}`;
    const known = this.#waiting.get(key);
    if (known === undefined) this.#waiting.set(key, { kind, id, merchantId, traceparent, readers: [reader] });
    else known.readers.push(reader);
    this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
    // What the same turn of the event loop asks for goes together.
    if (known === undefined && this.#waiting.size === 1) queueMicrotask(() => this.#sendNext());
    return promise;
  }

  #sendNext(): void {
    while (this.#waiting.size > 0 && this.#underWay.size < MAXIMUM_UNDER_WAY) {
      const items: Item[] = [];
      for (const [key, item] of this.#waiting) {
        this.#waiting.delete(key);
        items.push(item);
        if (items.length === READS_IN_A_MESSAGE) break;
      }
      this.#underWay.add(items);
      void this.#send(items).finally(() => {
        this.#underWay.delete(items);
        this.#sendNext();
        this.#rest();
      });
    }
  }

  /** Never rejects: what fails is told to those who wait for it. */
  async #send(items: readonly Item[]): Promise<void> {
    const untilMs = items
      .flatMap(({ readers }) => readers)
      .reduce((latest, reader) => Math.max(latest, reader.untilMs), 0);
    try {
      const reply = await askClientBank(this.#parts, getMany(items), {
        timeoutMs: Math.max(1, Math.ceil(untilMs - performance.now())),
        ...(items[0] !== undefined && { traceparent: items[0].traceparent }),
      });
      const found = reply.json(paymentReadReply);
      const views = new Map<string, View>([...found.payments, ...found.refunds].map((view) => [view.id, view]));
      for (const { id, readers } of items) {
        const view = views.get(found.recordedAs?.[id] ?? id);
        for (const { resolve } of readers) resolve(view);
      }
    } catch (error) {
      for (const { readers } of items) for (const { reject } of readers) reject(error);
    }
  }

  /** Ends the waits of those whose time is over, before those who wait longer for the same. */
  #sweep(): void {
    const nowMs = performance.now();
    const isOver = ({ untilMs }: Reader) => untilMs <= nowMs;
    for (const [key, item] of this.#waiting) {
      endOverdue(item, isOver);
      if (item.readers.length === 0) this.#waiting.delete(key);
    }
    for (const items of this.#underWay) for (const item of items) endOverdue(item, isOver);
    this.#rest();
  }

  /** The sweep rests while nobody waits. */
  #rest(): void {
    if (this.#waiting.size > 0 || this.#underWay.size > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }
}

function getMany(items: readonly Item[]): PaymentReadRequest {
  const of = (kind: Kind) =>
    items.filter((item) => item.kind === kind).map(({ id, merchantId }) => ({ id, merchantId }));
  return { version: MESSAGE_VERSION, operation: "get-many", payments: of("payments"), refunds: of("refunds") };
}

function endOverdue(item: Item, isOver: (reader: Reader) => boolean): void {
  if (!item.readers.some(isOver)) return;
  for (const reader of item.readers) if (isOver(reader)) reader.reject(readsUnavailable());
  item.readers = item.readers.filter((reader) => !isOver(reader));
}
