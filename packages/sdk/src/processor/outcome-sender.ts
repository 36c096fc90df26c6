/** Sends what handlers decide: confirmed where persistent, at most once where not, to the right producer. */
import { sendEach } from "../amqp/send-each.js";
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
    if (sends.length === 0) return [];
    const { promise, resolve } = Promise.withResolvers<readonly FailedSend[]>();
    const failures = new Map<PendingSend, unknown>();
    let open = sends.length;
    const ended = (send: PendingSend, error: unknown): void => {
      if (error !== undefined) failures.set(send, error);
      open -= 1;
      if (open === 0) {
        const failed = sends.filter((one) => failures.has(one));
        resolve(failed.map((one) => ({ send: one, error: failures.get(one) })));
      }
    };
    const isForTo = ({ outgoing }: PendingSend): boolean => outgoing.destination === undefined;
    sendThrough(this.#to, sends.filter(isForTo), ended);
    sendThrough(
      this.#anywhere,
      sends.filter((send) => !isForTo(send)),
      ended,
    );
    return promise;
  }

  /** Sends one message and resolves when the broker holds it. */
  send(outgoing: Outgoing, trace: Traced | undefined): Promise<void> {
    const message = traced(outgoing.message, trace);
    if (outgoing.destination === undefined) return this.#producerForTo().send(message, outgoing.options);
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

  #isPersistent(outgoing: Outgoing): boolean {
    const mode = outgoing.options?.deliveryMode;
    return mode === undefined ? outgoing.destination !== undefined || this.#toIsPersistent : mode === "persistent";
  }

  #producerForTo(): Producer {
    if (this.#to === undefined) throw nowhere();
    return this.#to;
  }
}

/** Sends together, which takes no promise for each; what cannot be sent at all concerns itself alone. */
function sendThrough(
  producer: Producer | undefined,
  sends: readonly PendingSend[],
  ended: (send: PendingSend, error: unknown) => void,
): void {
  if (producer === undefined) {
    for (const send of sends) ended(send, nowhere());
    return;
  }
  const messages = sends.map(({ outgoing, trace }) => ({ ...outgoing, message: traced(outgoing.message, trace) }));
  sendEach(producer, messages, (place, error) => ended(sends[place] as PendingSend, error));
}

function nowhere(): MessagingError {
  return new MessagingError(
    "invalid-argument",
    "An outcome names no destination and the processor has no `to`; give one of the two.",
  );
}

/** The message with the trace context of the input it answers, unless it has one of its own. */
function traced(message: OutgoingMessage, trace: Traced | undefined): OutgoingMessage {
  // What is no message is refused where it is sent; spread, it would be an empty one.
  if (trace?.traceparent === undefined || typeof message !== "object" || message === null) return message;
  if (message.traceparent !== undefined) return message;
  const { traceparent, tracestate } = trace;
  return { ...message, traceparent, ...(tracestate !== undefined && { tracestate }) };
}
