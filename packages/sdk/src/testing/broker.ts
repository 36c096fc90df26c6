import { readFileSync } from "node:fs";
import { type AmqpServer, listenForAmqp } from "../amqp/server/listen.js";
import { BrokerCore } from "./broker/core.js";
import { type BrokerSettings, parseBrokerOptions } from "./broker/settings.js";
import type { Broker, BrokerOptions, Fault, QueueFigures, RejectOptions } from "./broker-options.js";

const PRODUCT = "quittance-embedded-broker";
/** How long a broker that comes back waits for its port, which the system may have lent to somebody meanwhile. */
const PORT_WAIT_MS = 5_000;
const PORT_RETRY_MS = 50;

/**
 * Starts an AMQP 1.0 broker in this process that keeps its messages in memory and behaves like ActiveMQ Artemis in
 * what it can do. What it cannot do it refuses: distributed transactions, filters other than selector and no-local,
 * management messages.
 *
 * @throws MessagingError `invalid-argument` for options that cannot be, or contradict each other, and what the system says of a port that
 * cannot be listened on.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const settings = parseBrokerOptions(options);
  const core = new BrokerCore(settings);
  const server = await listen(core, settings, settings.port).catch((error: unknown) => {
    core.close();
    throw error;
  });
  return new EmbeddedBroker(core, settings, server);
}

function listen(core: BrokerCore, settings: BrokerSettings, port: number): Promise<AmqpServer> {
  const { host, tls, maximumMessageSize: maximumMessageBytes } = settings;
  return listenForAmqp(core, {
    host,
    port,
    tls,
    containerId: PRODUCT,
    product: PRODUCT,
    version: ownVersion(),
    maximumMessageBytes,
  });
}

type State =
  | { readonly name: "running"; readonly server: AmqpServer }
  /** Resolves when the port is free. */
  | { readonly name: "crashed"; readonly freed: Promise<void> }
  | { readonly name: "starting"; readonly started: Promise<AmqpServer> }
  | { readonly name: "closed"; readonly done: Promise<void> };

class EmbeddedBroker implements Broker {
  readonly url: string;
  readonly port: number;
  readonly #core: BrokerCore;
  readonly #settings: BrokerSettings;
  #state: State;

  constructor(core: BrokerCore, settings: BrokerSettings, server: AmqpServer) {
    const { host, tls } = settings;
    this.#core = core;
    this.#settings = settings;
    this.port = server.port;
    this.url = `${tls === undefined ? "amqp" : "amqps"}://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
    this.#state = { name: "running", server };
  }

  messageCount(queue: string): number {
    return this.#core.messageCount(queue);
  }

  queues(): readonly QueueFigures[] {
    return this.#core.queues();
  }

  dropConnections(user?: string): void {
    if (this.#state.name === "running") this.#state.server.dropConnections(user);
  }

  refuseCredit(address: string): Fault {
    return this.#core.faults.refuseCredit(address);
  }

  rejectNext(address: string, options: RejectOptions = {}): Fault {
    return this.#core.faults.rejectNext(address, options);
  }

  delayOutcomes(address: string, options: { readonly delayMs?: number } = {}): Fault {
    return this.#core.faults.delayOutcomes(address, options.delayMs);
  }

  forgetOutcomes(address: string, options: { readonly count?: number } = {}): Fault {
    return this.#core.faults.forgetOutcomes(address, options.count);
  }

  forgetCommits(options: { readonly count?: number } = {}): Fault {
    return this.#core.faults.forgetCommits(options.count);
  }

  async crash({ keepMessages = true }: { readonly keepMessages?: boolean } = {}): Promise<void> {
    const state = this.#state;
    if (state.name !== "running") throw new Error(`The broker cannot crash: it is ${state.name}.`);
    const freed = state.server.abort();
    this.#core.crash(keepMessages);
    this.#state = { name: "crashed", freed };
    await freed;
  }

  async restart(): Promise<void> {
    const state = this.#state;
    if (state.name !== "crashed") throw new Error(`The broker cannot come back: it is ${state.name}, not crashed.`);
    const started = state.freed.then(() => this.#listenAgain());
    const starting: State = { name: "starting", started };
    this.#state = starting;
    try {
      const server = await started;
      // It may have been closed meanwhile, which closes the server as well.
      if (this.#state === starting) this.#state = { name: "running", server };
    } catch (error) {
      if (this.#state === starting) this.#state = state;
      throw error;
    }
  }

  close(): Promise<void> {
    const state = this.#state;
    if (state.name === "closed") return state.done;
    const done = stop(state).finally(() => this.#core.close());
    this.#state = { name: "closed", done };
    return done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listenAgain(): Promise<AmqpServer> {
    const deadline = performance.now() + PORT_WAIT_MS;
    for (;;) {
      try {
        return await listen(this.#core, this.#settings, this.port);
      } catch (error) {
        if ((error as { readonly code?: unknown }).code !== "EADDRINUSE" || performance.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PORT_RETRY_MS));
    }
  }
}

/** Resolves when nobody is connected any more, and nobody can connect. */
async function stop(state: Exclude<State, { readonly name: "closed" }>): Promise<void> {
  if (state.name === "crashed") return state.freed;
  // A start that failed has told its caller, and has left nothing to be closed.
  const server = state.name === "running" ? state.server : await state.started.catch(() => undefined);
  await server?.close({ condition: "amqp:connection:forced", description: "The broker stops." });
}

/** The version of this package; a program that was bundled into one file has no package.json beside it. */
function ownVersion(): string {
  try {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const { name, version } = JSON.parse(text) as { readonly name?: unknown; readonly version?: unknown };
    if (name === "@quittance/sdk" && typeof version === "string") return version;
  } catch {
    // Said below.
  }
  return "unknown";
}
