/** A connection to the simulated broker, as far as the services use one; what they do not use it refuses. */
import {
  type Connection,
  type Consumer,
  type ConsumerOptions,
  type Destination,
  MessagingError,
  type Processor,
  type ProcessorOptions,
  type Producer,
  type ProducerOptions,
  type Responder,
  type StandardSchemaV1,
  type TemporaryQueue,
} from "@quittance/sdk";
import type { Line } from "./line.js";
import type { Actor } from "./schedule.js";
import { type LastSteps, SimulatedProcessor } from "./simulated-processor.js";

type Used = Pick<
  Connection,
  "state" | "onState" | "createProducer" | "createConsumer" | "createTemporaryQueue" | "process" | "respond"
>;

class UsedConnection implements Used {
  readonly state = { name: "open", broker: "simulated", product: undefined } as const;
  readonly #line: Line;
  readonly #lastSteps: LastSteps;

  constructor(line: Line, lastSteps: LastSteps) {
    this.#line = line;
    this.#lastSteps = lastSteps;
  }

  onState(): () => void {
    return () => undefined;
  }

  async createProducer(destination: Destination | undefined, defaults: ProducerOptions = {}): Promise<Producer> {
    const line = this.#line;
    const producer: Pick<Producer, "send" | "close"> = {
      send: (message, { destination: other, ...options } = {}) => {
        const to = other ?? destination;
        if (to === undefined) throw new MessagingError("invalid-argument", "The message names no destination.");
        return line.send(to, message, { ...defaults, ...options });
      },
      close: async () => undefined,
    };
    return refusing<Producer>(producer);
  }

  /** A consumer with a callback, as the gateway has for its replies. */
  async createConsumer(source: Destination, { onMessage }: ConsumerOptions = {}): Promise<Consumer> {
    if (onMessage === undefined) throw notSimulated("a consumer without onMessage");
    const takeForEver = async () => {
      for (;;) {
        for (const message of await this.#line.take(source.address, 1)) {
          message.accept();
          await onMessage(message);
        }
      }
    };
    void takeForEver();
    return refusing<Consumer>({ destination: source, close: async () => undefined });
  }

  async createTemporaryQueue(): Promise<TemporaryQueue> {
    const { broker, owner } = this.#line;
    const address = replyAddress(owner);
    broker.openTemporaryQueue(address);
    return { kind: "temporary-queue", address, delete: async () => broker.closeTemporaryQueue(address) };
  }

  async process<S extends StandardSchemaV1>(options: ProcessorOptions<S>): Promise<Processor> {
    return new SimulatedProcessor(this.#line, options, this.#lastSteps).start();
  }

  /** Reads are asked by nobody here. */
  async respond(): Promise<Responder> {
    return { drain: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  }
}

/** The temporary queue of a life: it ends with it, and no other life has the same. */
export function replyAddress({ name }: Actor): string {
  return `reply ${name}`;
}

export function simulatedConnection(line: Line, lastSteps: LastSteps): Connection {
  return refusing<Connection>(new UsedConnection(line, lastSteps));
}

/** What is not there throws when it is asked for, so that nothing is believed to be simulated that is not. */
function refusing<Whole extends object>(part: Partial<Whole>): Whole {
  return new Proxy(part, {
    get: (target, name) => {
      // Whoever awaits it asks whether it is a promise.
      if (name === "then") return undefined;
      const value: unknown = Reflect.get(target, name, target);
      if (value === undefined) throw notSimulated(String(name));
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as Whole;
}

function notSimulated(what: string): MessagingError {
  return new MessagingError("not-supported", `The simulation has no ${what}.`);
}
