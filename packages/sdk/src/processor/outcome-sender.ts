/** Sends what handlers decide: confirmed where persistent, at most once where not, to the right producer. */
import type { Connection } from "../connection.js";
import { MessagingError } from "../errors.js";
import type { Message, Outgoing, OutgoingMessage } from "../message.js";
import type { Incoming, Outcome } from "../processor.js";
import type { Producer } from "../producer.js";
import type { ProcessorSettings } from "./processor-settings.js";

/** A persistent message that an input (by its place in the batch) waits for. */
export interface PendingSend {
  readonly input: number;
  readonly outgoing: Outgoing;
  /** Whose trace it belongs to. */
  readonly trace: Traced | undefined;
}

/** The trace context of an input. */
type Traced = Pick<Message, "traceparent" | "tracestate">;

/** A send that failed, and why. */
export interface FailedSend {
  readonly send: PendingSend;
  readonly error: unknown;
}

/** The two producers of a processor: one for `to`, one for destinations that the outcomes name themselves. */
export class OutcomeSender {
  readonly #to: Producer | undefined;
  readonly #toIsPersistent: boolean;
  readonly #anywhere: Producer;

  private constructor(to: Producer | undefined, toIsPersistent: boolean, anywhere: Producer) {
    this.#to = to;
    this.#toIsPersistent = toIsPersistent;
    this.#anywhere = anywhere;
  }

  static async open(connection: Connection, settings: ProcessorSettings): Promise<OutcomeSender> {
    const anywhere = await connection.createProducer(undefined);
    try {
      const to =
        settings.to === undefined ? undefined : await connection.createProducer(settings.to, settings.toOptions);
      return new OutcomeSender(to, settings.toOptions.deliveryMode !== "non-persistent", anywhere);
    } catch (error) {
      await anywhere.close();
      throw error;
    }
  }

  /** The persistent sends of a batch, in its order. */
  pendingSends(batch: readonly Incoming<unknown>[], outcomes: readonly Outcome[]): PendingSend[] {
    const pending: PendingSend[] = [];
    for (const [input, outcome] of outcomes.entries()) {
      for (const outgoing of outcome.send ?? []) {
        if (this.#isPersistent(outgoing)) {
          pending.push({ input, outgoing, trace: batch[input]?.message });
        }
      }
    }
    return pending;
  }

  /** Sends all at once and waits until each is confirmed or failed; the failures, in order. */
  async sendAll(sends: readonly PendingSend[]): Promise<readonly FailedSend[]> {
    if (sends.length === 0) {
      return [];
    }
    const confirmations = sends.map((send) => this.#attempt(send));
    try {
      await Promise.all(confirmations);
      return [];
    } catch {
      // The slow way is for batches in which something failed.
      const results = await Promise.allSettled(confirmations);
      return sends.flatMap((send, place) => {
        const result = results[place];
        return result?.status === "rejected" ? [{ send, error: result.reason }] : [];
      });
    }
  }

  /** Sends one message and resolves when the broker holds it. */
  send(outgoing: Outgoing, trace: Traced | undefined): Promise<void> {
    const message = traced(outgoing.message, trace);
    if (outgoing.destination === undefined) {
      return this.#producerForTo().send(message, outgoing.options);
    }
    return this.#anywhere.send(message, { ...outgoing.options, destination: outgoing.destination });
  }

  /** Sends the non-persistent messages of an outcome, at most once. */
  sendUnconfirmed(outcome: Outcome, input: Message): void {
    for (const outgoing of outcome.send ?? []) {
      if (!this.#isPersistent(outgoing)) {
        const message = traced(outgoing.message, input);
        if (outgoing.destination === undefined) {
          this.#producerForTo().sendUnconfirmed(message, outgoing.options);
        } else {
          this.#anywhere.sendUnconfirmed(message, { ...outgoing.options, destination: outgoing.destination });
        }
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#to?.close(), this.#anywhere.close()]);
  }

  /** What throws at once (no destination, a message that cannot be encoded) concerns this one send, not the batch. */
  #attempt(send: PendingSend): Promise<void> {
    try {
      return this.send(send.outgoing, send.trace);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #isPersistent(outgoing: Outgoing): boolean {
    const mode = outgoing.options?.deliveryMode;
    return mode === undefined ? outgoing.destination !== undefined || this.#toIsPersistent : mode === "persistent";
  }

  #producerForTo(): Producer {
    if (this.#to === undefined) {
      throw new MessagingError(
        "invalid-argument",
        "An outcome names no destination and the processor has no `to`; give one of the two.",
      );
    }
    return this.#to;
  }
}

/** The message with the trace context of the input it answers, unless it has one of its own. */
function traced(message: OutgoingMessage, trace: Traced | undefined): OutgoingMessage {
  if (trace?.traceparent === undefined || message.traceparent !== undefined) return message;
  const { traceparent, tracestate } = trace;
  return { ...message, traceparent, ...(tracestate !== undefined && { tracestate }) };
}
