/**
 * The four-step pattern of `Connection.process` in the simulation: take, handle, send and hear that the broker holds it,
 * accept. It follows the SDK's batch.ts; between any two of its awaits a schedule may end the process.
 */
import {
  type ErrorClass,
  type Incoming,
  type Message,
  MessagingError,
  type Outcome,
  type Outgoing,
  type Processor,
  type ProcessorOptions,
  type StandardSchemaV1,
} from "@quittance/sdk";
import type { Line } from "./line.js";
import { subscriptionQueue } from "./simulated-broker.js";

const DEFAULT_MAXIMUM_SIZE = 200;
const DEFAULT_MAXIMUM_DELIVERIES = 5;

/** The order of the pattern's last two steps; the wrong one is a deliberate bug of the mutation check. */
export type LastSteps = "send, then accept" | "accept, then send";

export class SimulatedProcessor<S extends StandardSchemaV1> {
  readonly #line: Line;
  readonly #options: ProcessorOptions<S>;
  readonly #lastSteps: LastSteps;
  readonly #queue: string;
  readonly #counts = { handled: 0, deadLettered: 0, retried: 0 };

  constructor(line: Line, options: ProcessorOptions<S>, lastSteps: LastSteps) {
    const { from, subscription } = options;
    this.#line = line;
    this.#options = options;
    this.#lastSteps = lastSteps;
    this.#queue = subscription === undefined ? from.address : subscriptionQueue(from.address, subscription.name);
  }

  /** Begins to take batches, as many at once as the options say, until the life ends. */
  start(): Processor {
    for (let lane = 0; lane < (this.#options.batch?.concurrency ?? 1); lane += 1) void this.#takeForEver();
    return {
      counts: this.#counts,
      breaker: { name: "closed" },
      held: undefined,
      drain: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async #takeForEver(): Promise<void> {
    for (;;) {
      const maximumSize = this.#options.batch?.maximumSize ?? DEFAULT_MAXIMUM_SIZE;
      const messages = await this.#line.take(this.#queue, maximumSize);
      const { epoch } = this.#line;
      const batch: Incoming<StandardSchemaV1.InferOutput<S>>[] = [];
      for (const message of messages) {
        try {
          batch.push({ message, body: message.json(this.#options.schema) });
        } catch {
          await this.#setAside(message, "Its body does not fit.", epoch);
        }
      }
      if (batch.length > 0) await this.#run(batch, epoch);
    }
  }

  async #run(batch: readonly Incoming<StandardSchemaV1.InferOutput<S>>[], epoch: number): Promise<void> {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#handle(batch, epoch);
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) {
        await this.#failAlone(only.message, error, epoch);
      } else {
        const middle = Math.ceil(batch.length / 2);
        await this.#run(batch.slice(0, middle), epoch);
        await this.#run(batch.slice(middle), epoch);
      }
      return;
    }
    // With the line, the messages are lost as well: the broker offers them again.
    if (epoch === this.#line.epoch) await this.#conclude(batch, outcomes, epoch);
  }

  /** Handles until the failure is not one of the moment. @throws what the handler threw then. */
  async #handle(
    batch: readonly Incoming<StandardSchemaV1.InferOutput<S>>[],
    epoch: number,
  ): Promise<readonly Outcome[]> {
    const { signal } = new AbortController();
    for (;;) {
      try {
        return await this.#options.handle(batch, { signal });
      } catch (error) {
        if (this.#classify(error) !== "transient") throw error;
        this.#counts.retried += 1;
        await this.#line.schedule.turn(this.#line.owner, "tries again");
        if (epoch !== this.#line.epoch) return [];
      }
    }
  }

  #classify(error: unknown): ErrorClass {
    const { classify } = this.#options;
    if (classify !== undefined) return classify(error);
    return error instanceof MessagingError && error.retryable ? "transient" : "permanent";
  }

  async #conclude(
    batch: readonly Incoming<StandardSchemaV1.InferOutput<S>>[],
    outcomes: readonly Outcome[],
    epoch: number,
  ): Promise<void> {
    if (this.#lastSteps === "accept, then send") for (const { message } of batch) message.accept();
    const sends = outcomes.flatMap((outcome, input) =>
      (outcome.send ?? []).filter((outgoing) => this.#isPersistent(outgoing)).map((outgoing) => ({ input, outgoing })),
    );
    try {
      await Promise.all(sends.map(({ input, outgoing }) => this.#send(outgoing, batch[input]?.message)));
    } catch {
      // What was sent with it is confirmed or lost by now or comes twice: all of that the next step must bear.
      for (const { message } of batch) message.release();
      return;
    }
    for (const [input, { message }] of batch.entries()) {
      const outcome = outcomes[input] ?? {};
      for (const outgoing of outcome.send ?? []) {
        if (this.#isPersistent(outgoing)) continue;
        const { destination, message: content, options } = this.#addressed(outgoing, message);
        this.#line.sendUnconfirmed(destination, content, options);
      }
      if (outcome.deadLetter === undefined) message.accept();
      else await this.#setAside(message, outcome.deadLetter, epoch);
      this.#counts.handled += 1;
    }
  }

  /** Sends until it is confirmed. @throws MessagingError when the line broke. */
  async #send(outgoing: Outgoing, input: Message | undefined): Promise<void> {
    const { destination, message, options } = this.#addressed(outgoing, input);
    for (;;) {
      try {
        return await this.#line.send(destination, message, options);
      } catch (error) {
        if (!(error instanceof MessagingError) || error.code !== "address-full") throw error;
        await this.#line.schedule.turn(this.#line.owner, "sends again");
      }
    }
  }

  #addressed(outgoing: Outgoing, input: Message | undefined) {
    const { to, toOptions } = this.#options;
    const destination = outgoing.destination ?? to;
    if (destination === undefined) throw new MessagingError("invalid-argument", "An outcome names no destination.");
    const { traceparent } = outgoing.message;
    const trace = traceparent ?? input?.traceparent;
    return {
      destination,
      message: trace === undefined ? outgoing.message : { ...outgoing.message, traceparent: trace },
      options: outgoing.destination === undefined ? { ...toOptions, ...outgoing.options } : (outgoing.options ?? {}),
    };
  }

  #isPersistent(outgoing: Outgoing): boolean {
    const mode = outgoing.options?.deliveryMode;
    const toIsPersistent = this.#options.toOptions?.deliveryMode !== "non-persistent";
    return mode === undefined ? outgoing.destination !== undefined || toIsPersistent : mode === "persistent";
  }

  async #failAlone(message: Message, error: unknown, epoch: number): Promise<void> {
    const maximum = this.#options.maximumDeliveries ?? DEFAULT_MAXIMUM_DELIVERIES;
    if (message.deliveryCount < maximum) message.release({ failed: true });
    else await this.#setAside(message, error instanceof Error ? error.message : String(error), epoch);
  }

  async #setAside(message: Message, reason: string, epoch: number): Promise<void> {
    const { deadLetter } = this.#options;
    if (deadLetter === undefined || epoch !== this.#line.epoch) return;
    try {
      await this.#line.send(deadLetter, { json: { reason, body: message.text } }, {});
      message.accept();
      this.#counts.deadLettered += 1;
    } catch {
      message.release();
    }
  }
}
