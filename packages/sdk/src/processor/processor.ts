/** A step of a pipeline: batch in, handler once, outcomes sent and confirmed, inputs accepted last. */
import { checkNames, checkWait, namesOf } from "../arguments.js";
import type { BreakerState } from "../breaker.js";
import type { Connection } from "../connection.js";
import type { Consumer } from "../consumer.js";
import type { Message } from "../message.js";
import type { Held, Incoming, Processor, ProcessorOptions } from "../processor.js";
import { reporterOf } from "../reporting.js";
import type { StandardSchemaV1 } from "../standard-schema.js";
import { Batch } from "./batch.js";
import { Breaker } from "./breaker.js";
import { CrashJournal } from "./crash-journal.js";
import { GroupLanes } from "./group-lanes.js";
import { InHand } from "./in-hand.js";
import { readBodies } from "./incoming-body.js";
import { LastingConsumer } from "./lasting-consumer.js";
import { Lifecycle } from "./lifecycle.js";
import { OutcomeSender } from "./outcome-sender.js";
import { type ProcessorSettings, parseProcessorOptions } from "./processor-settings.js";
import { giveBack, setAside } from "./set-aside.js";
import { Step } from "./step.js";
import { withinTime } from "./within-time.js";

const DRAIN_OPTIONS = namesOf<{ timeoutMs?: number }>({ timeoutMs: true });
const DEFAULT_DRAIN_TIMEOUT_MS = 10_000;
/** How long a probe that is not full waits for what the broker sends with its first message. */
const PROBE_GATHERING_MS = 20;

/**
 * Opens a processor; see {@link ProcessorOptions}. The guarantee: an input is accepted only after the broker has
 * confirmed all that the handler made of it, so whatever is killed, each input is handled at least once.
 * @param onDrained told once, when it is drained
 * @throws MessagingError `invalid-argument` for options that cannot be used, and what opening a consumer may throw.
 */
export async function openProcessor<S extends StandardSchemaV1>(
  connection: Connection,
  options: ProcessorOptions<S>,
  onDrained: () => void = () => {},
): Promise<Processor> {
  const settings = parseProcessorOptions(options);
  const { crashJournal, name, creditWindow } = settings;
  const journal =
    crashJournal === undefined
      ? undefined
      : CrashJournal.open(crashJournal, name, creditWindow, reporterOf(connection));
  try {
    return await openWith(connection, settings, journal, onDrained);
  } catch (error) {
    journal?.close();
    throw error;
  }
}

async function openWith(
  connection: Connection,
  settings: ProcessorSettings,
  journal: CrashJournal | undefined,
  onDrained: () => void,
): Promise<Processor> {
  const sender = await OutcomeSender.open(connection, settings);
  const lifecycle = new Lifecycle(connection);
  const breaker = new Breaker(settings.breaker);
  const step = new Step(settings, { lifecycle, sender, breaker, reporter: reporterOf(connection) });
  const receiving = step.holds.begin("step");
  try {
    const input = await LastingConsumer.open({
      connection,
      open: () => openConsumer(connection, settings),
      signal: lifecycle.receiving,
      backOff: (failures, error) => {
        receiving.failed(0, error);
        return step.backOff(failures, 0, error);
      },
      reopened: () => receiving.end(),
    });
    return new RunningProcessor(step, input, journal, onDrained);
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
  readonly #journal: CrashJournal | undefined;
  readonly #lanes: GroupLanes | undefined;
  readonly #onDrained: () => void;
  readonly #inHand = new InHand();
  readonly #loop: Promise<void>;
  #drained: Promise<void> | undefined;

  constructor(step: Step, input: LastingConsumer, journal: CrashJournal | undefined, onDrained: () => void) {
    const { orderedByGroup, concurrency } = step.settings;
    this.#step = step;
    this.#input = input;
    this.#journal = journal;
    this.#onDrained = onDrained;
    this.#lanes = orderedByGroup ? new GroupLanes(concurrency) : undefined;
    step.breaker.watch((state) => this.#breakerChanged(state));
    this.#loop = this.#take();
  }

  get counts(): Processor["counts"] {
    return { ...this.#step.counts };
  }

  get breaker(): BreakerState {
    return this.#step.breaker.state;
  }

  get held(): Held | undefined {
    return this.#step.holds.held;
  }

  drain(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    try {
      checkNames("The options of drain", options, DRAIN_OPTIONS);
      checkWait("timeoutMs", options.timeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#drained ??= this.#drain(options.timeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS).finally(this.#onDrained);
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #take(): Promise<void> {
    for (;;) {
      const { settings, breaker } = this.#step;
      const messages = await this.#input.receiveBatch(breaker.batchSize(settings.maximumSize));
      if (messages.length === 0) return;
      await this.#start(messages);
    }
  }

  /** Starts on a batch, and returns when there is room for the next one. */
  async #start(first: Message[]): Promise<void> {
    const { lifecycle, settings, breaker } = this.#step;
    const { epoch } = lifecycle;
    const messages = breaker.state.name === "half-open" ? await this.#gatherProbe(first) : first;
    if (!this.#step.takes) return releaseAll(messages);
    if (this.#journal?.suspects(messages) === true) return this.#startAlone(this.#journal, messages);
    // What was on its way when the credit was withdrawn may come with the first probe.
    const size = breaker.batchSize(messages.length);
    releaseAll(messages.slice(size));
    const batch = size < messages.length ? messages.slice(0, size) : messages;
    if (this.#lanes === undefined) {
      this.#inHand.addBatch(batch, this.#process(batch, epoch));
    } else {
      for (const [lane, part] of this.#lanes.split(batch)) {
        this.#inHand.addBatch(
          part,
          this.#lanes.run(lane, () => this.#process(part, epoch)),
        );
      }
    }
    await this.#inHand.untilFewerBatches(breaker.state.name === "half-open" ? 1 : settings.concurrency);
  }

  /** A probe of one message cannot tell a bad message from a world that is not ready: what else comes joins it. */
  async #gatherProbe(first: Message[]): Promise<Message[]> {
    const { breaker, lifecycle, settings } = this.#step;
    const room = breaker.batchSize(settings.maximumSize) - first.length;
    if (room <= 0) return first;
    await lifecycle.pauses.wait(PROBE_GATHERING_MS);
    return [...first, ...(await this.#input.receiveArrived(room))];
  }

  /** Handles messages one by one with nothing else in hand, so that a crash names the one that did it. */
  async #startAlone(journal: CrashJournal, messages: readonly Message[]): Promise<void> {
    const { epoch } = this.#step.lifecycle;
    await this.#inHand.untilFewerBatches(1);
    this.#inHand.addBatch(messages, this.#processAlone(journal, messages, epoch));
    await this.#inHand.untilFewerBatches(1);
  }

  async #processAlone(journal: CrashJournal, messages: readonly Message[], epoch: number): Promise<void> {
    const step = this.#step;
    for (const message of messages) {
      if (!step.takes || step.lifecycle.isLost(epoch)) {
        message.release();
      } else if (journal.isKiller(message)) {
        const reason = `The process ended ${journal.crashesOf(message)} times while it handled this message.`;
        const gone = setAside(step, { message, epoch, reason, errorClass: "crash" });
        this.#aside(
          message,
          gone.then((isGone) => (isGone ? journal.handled(message) : undefined)),
        );
      } else {
        journal.handling(message);
        await this.#process([message], epoch);
        journal.handled(message);
      }
    }
  }

  /** Withdraws the credit while the breaker is open, and asks for as much as a probe needs when it is half open. */
  #breakerChanged(state: BreakerState): void {
    const { settings, lifecycle } = this.#step;
    if (lifecycle.phase !== "running") return;
    if (state.name === "open") {
      this.#input.stop();
      // What waits to be tried again finds the breaker open, and goes back.
      lifecycle.pauses.endAll();
    } else if (state.name === "half-open") {
      this.#input.start({ maximumUnsettled: settings.breaker?.probeSize ?? 1 });
    } else {
      this.#input.start();
    }
    this.#step.emit({ name: "breaker", state });
  }

  /** @param messages grow by those that join them */
  async #process(messages: Message[], epoch: number): Promise<void> {
    const step = this.#step;
    try {
      const incoming = await this.#read(messages, epoch);
      if (incoming.length > 0) {
        const around = {
          aside: (message: Message, work: Promise<unknown>) => this.#aside(message, work),
          neighbours: (room: number) => this.#neighbours(room, epoch, messages),
        };
        await new Batch(step, epoch, around).run(incoming);
      }
    } catch (error) {
      // Nothing above is meant to throw; if it does, the messages must come again rather than hang unsettled.
      await step.backOff(1, messages.length, error);
      for (const message of messages) {
        if (!this.#inHand.isAside(message)) giveBack(step, message, error, false);
      }
    }
  }

  /** The messages that can be handled; those that cannot be read are set aside. */
  #read(messages: readonly Message[], epoch: number): Promise<Incoming<unknown>[]> {
    const step = this.#step;
    return readBodies(messages, step.settings.schema, ({ message, poison }) =>
      this.#aside(message, setAside(step, { message, epoch, reason: poison, errorClass: "poison" })),
    );
  }

  /** What has arrived beside a batch that fails joins it, and is in hand for as long as the batch is. */
  async #neighbours(room: number, epoch: number, batch: Message[]): Promise<readonly Incoming<unknown>[]> {
    const arrived = await this.#input.receiveArrived(room);
    if (this.#journal?.suspects(arrived) === true) {
      releaseAll(arrived);
      return [];
    }
    batch.push(...arrived);
    return this.#read(arrived, epoch);
  }

  #aside(message: Message, work: Promise<unknown>): void {
    this.#inHand.addAside(
      message,
      work.catch((error: unknown) => giveBack(this.#step, message, error, true)),
    );
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { lifecycle, sender, breaker } = this.#step;
    lifecycle.drain();
    breaker.end();
    this.#input.stop();
    await withinTime(timeoutMs, this.#finish());
    lifecycle.end();
    this.#inHand.releaseAll();
    await this.#input.close();
    await sender.close();
    this.#journal?.close();
  }

  async #finish(): Promise<void> {
    await this.#loop;
    await this.#inHand.untilEmpty();
  }
}

function releaseAll(messages: readonly Message[]): void {
  for (const message of messages) {
    message.release();
  }
}
