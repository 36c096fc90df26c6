/** A step of a pipeline: batch in, handler once, outcomes sent and confirmed, inputs accepted last. */
import type { Connection, Consumer, Incoming, Processor, ProcessorOptions } from "../connection.js";
import type { Message } from "../message.js";
import type { StandardSchemaV1 } from "../standard-schema.js";
import { Batch } from "./batch.js";
import { InHand } from "./in-hand.js";
import { readBody } from "./incoming-body.js";
import { LastingConsumer } from "./lasting-consumer.js";
import { Lifecycle } from "./lifecycle.js";
import { OutcomeSender } from "./outcome-sender.js";
import { type ProcessorSettings, parseProcessorOptions } from "./processor-settings.js";
import { giveBack, setAside } from "./set-aside.js";
import { Step } from "./step.js";

const DEFAULT_DRAIN_TIMEOUT_MS = 10_000;

/**
 * Opens a processor; see {@link ProcessorOptions}. The guarantee: an input is accepted only after the broker has
 * confirmed all that the handler made of it, so whatever is killed, each input is handled at least once.
 * @throws MessagingError `invalid-argument` for options that cannot be used, and what opening a consumer may throw.
 */
export async function openProcessor<S extends StandardSchemaV1>(
  connection: Connection,
  options: ProcessorOptions<S>,
): Promise<Processor> {
  const settings = parseProcessorOptions(options);
  const sender = await OutcomeSender.open(connection, settings);
  const lifecycle = new Lifecycle(connection);
  const step = new Step(settings, lifecycle, sender);
  try {
    const input = await LastingConsumer.open({
      connection,
      open: () => openConsumer(connection, settings),
      signal: lifecycle.receiving,
      backOff: (failures, error) => step.backOff(failures, 0, error),
    });
    return new RunningProcessor(step, input);
  } catch (error) {
    lifecycle.end();
    await sender.close();
    throw error;
  }
}

function openConsumer(connection: Connection, settings: ProcessorSettings): Promise<Consumer> {
  return connection.createConsumer(settings.from, {
    creditWindow: settings.creditWindow,
    ...(settings.subscription !== undefined && { subscription: settings.subscription }),
    ...(settings.selector !== undefined && { selector: settings.selector }),
  });
}

class RunningProcessor implements Processor {
  readonly #step: Step;
  readonly #input: LastingConsumer;
  readonly #inHand = new InHand();
  readonly #loop: Promise<void>;
  #drained: Promise<void> | undefined;

  constructor(step: Step, input: LastingConsumer) {
    this.#step = step;
    this.#input = input;
    this.#loop = this.#take();
  }

  get counts(): Processor["counts"] {
    return { ...this.#step.counts };
  }

  drain(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#drained ??= this.#drain(options.timeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS);
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #take(): Promise<void> {
    for (;;) {
      const messages = await this.#input.receiveBatch(this.#step.settings.maximumSize);
      if (messages.length === 0) {
        return;
      }
      await this.#start(messages);
    }
  }

  /** Starts on a batch, and returns when there is room for the next one. */
  async #start(messages: readonly Message[]): Promise<void> {
    const { lifecycle, settings } = this.#step;
    if (lifecycle.phase !== "running") {
      for (const message of messages) {
        message.release();
      }
      return;
    }
    this.#inHand.addBatch(messages, this.#process(messages, lifecycle.epoch));
    await this.#inHand.untilFewerBatches(settings.concurrency);
  }

  async #process(messages: readonly Message[], epoch: number): Promise<void> {
    const step = this.#step;
    try {
      const incoming: Incoming<unknown>[] = [];
      for (const message of messages) {
        const read = readBody(message, step.settings.schema);
        const body = read instanceof Promise ? await read : read;
        if ("poison" in body) {
          this.#aside(message, setAside(step, { message, epoch, reason: body.poison, errorClass: "poison" }));
        } else {
          incoming.push(body);
        }
      }
      if (incoming.length > 0) {
        await new Batch(step, epoch, (message, work) => this.#aside(message, work)).run(incoming);
      }
    } catch (error) {
      // Nothing above is meant to throw; if it does, the messages must come again rather than hang unsettled.
      for (const message of messages) {
        if (!this.#inHand.isAside(message)) {
          giveBack(step, message, error, true);
        }
      }
    }
  }

  #aside(message: Message, work: Promise<void>): void {
    this.#inHand.addAside(
      message,
      work.catch((error: unknown) => giveBack(this.#step, message, error, true)),
    );
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { lifecycle, sender } = this.#step;
    lifecycle.drain();
    this.#input.stop();
    await withinTime(timeoutMs, this.#finish());
    lifecycle.end();
    this.#inHand.releaseAll();
    await this.#input.close();
    await sender.close();
  }

  async #finish(): Promise<void> {
    await this.#loop;
    await this.#inHand.untilEmpty();
  }
}

async function withinTime(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
