/**
 * An AMQP peer that does what a test tells it and nothing by itself, so that a test sees what the client puts on the
 * wire, and can answer as a broker in trouble would.
 */
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import rhea from "rhea";

/** rhea's delivery as the peer sees it. */
export interface PeerDelivery {
  readonly id: number;
  accept(): void;
  reject(error?: { condition: string; description?: string }): void;
  release(options?: { delivery_failed?: boolean }): void;
  update(settled: boolean, state?: unknown): void;
}

/** A link on which the client receives. */
export interface PeerSender {
  readonly name: string;
  readonly credit: number;
  readonly source: { address?: string; capabilities?: unknown; durable?: number };
  send(message: unknown, tag?: Buffer, format?: number): PeerDelivery;
  sendable(): boolean;
  set_drained(drained: boolean): void;
  readonly connection: { _register(): void };
  close(error?: { condition: string; description?: string }): void;
}

/** A link on which the client sends. */
export interface PeerReceiver {
  readonly name: string;
  readonly target: { address?: string; dynamic?: boolean; capabilities?: unknown };
  add_credit(credit: number): void;
  close(error?: { condition: string; description?: string }): void;
}

export interface PeerMessage {
  readonly receiver: PeerReceiver;
  readonly delivery: PeerDelivery;
  readonly message: Record<string, unknown>;
}

export interface PeerOptions {
  /** Called for each message from the client. Default: it is accepted. */
  readonly onMessage?: (received: PeerMessage) => void;
  /** Called for each link on which the client receives, once it is open. */
  readonly onReceiver?: (sender: PeerSender) => void;
  /** Credit given to each link on which the client sends [100]. */
  readonly credit?: (address: string | undefined) => number;
  /** Refuses the attach with this condition. */
  readonly refuse?: (address: string | undefined) => string | undefined;
  /** Connection properties beside the product. */
  readonly properties?: Readonly<Record<string, unknown>>;
  /** Says no filter back, as a broker that uses none. */
  readonly ignoreFilters?: boolean;
  /** The largest message that links say they take. */
  readonly maximumBytes?: number;
  /** Speaks TLS with these options of Node's. */
  readonly tls?: object;
  /** Takes EXTERNAL alone, and is told each time. */
  readonly external?: (identity: string) => void;
  /** Checks user and password; without it anybody is let in. */
  readonly login?: (user: string, password: string) => boolean;
  readonly port?: number;
  /** Closes a connection on which it hears nothing for twice this time. */
  readonly idleTimeoutMs?: number;
}

export class ScriptedPeer implements AsyncDisposable {
  readonly port: number;
  /** Every outcome for what the peer sent, by delivery id, in the order of arrival. */
  readonly outcomes: { readonly id: number; readonly outcome: string; readonly reason: string | undefined }[] = [];
  readonly senders: PeerSender[] = [];
  readonly receivers: PeerReceiver[] = [];
  readonly detached: { readonly name: string; readonly closed: boolean }[] = [];
  connections = 0;
  /** Flow frames of receiving links: credit and drain as the client said them. */
  readonly flows: { readonly credit: number; readonly drain: boolean }[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: PeerOptions, container: ReturnType<typeof rhea.create_container>) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        // rhea does not listen for the close of a socket that was cut, and would keep its heartbeat going.
        socket.emit("end");
      });
    });
    this.#script(container, options);
  }

  static async start(options: PeerOptions = {}): Promise<ScriptedPeer> {
    const container = rhea.create_container({ id: "scripted-peer" });
    if (options.login !== undefined) container.sasl_server_mechanisms.enable_plain(options.login);
    if (options.external !== undefined) {
      const { external } = options;
      Object.assign(container.sasl_server_mechanisms, {
        EXTERNAL: () => ({
          outcome: undefined as boolean | undefined,
          start(response: Buffer) {
            external(response.toString());
            this.outcome = true;
          },
        }),
      });
    }
    const server = container.listen({
      ...(options.tls === undefined ? {} : { transport: "tls", ...options.tls }),
      host: "127.0.0.1",
      port: options.port ?? 0,
      ...(options.idleTimeoutMs === undefined ? {} : { idle_time_out: options.idleTimeoutMs }),
      offered_capabilities: ["DELAYED_DELIVERY", "ANONYMOUS-RELAY", "SHARED-SUBS"],
      properties: { product: "scripted-peer", ...options.properties },
      session_buffer_size: 20_000,
      tcp_no_delay: true,
      receiver_options: {
        credit_window: 0,
        autoaccept: false,
        ...(options.maximumBytes === undefined ? {} : { max_message_size: options.maximumBytes }),
      },
      sender_options: { treat_modified_as_released: false },
    } as never);
    await once(server, "listening");
    return new ScriptedPeer(server, options, container);
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.port}`;
  }

  /** Cuts every connection silently. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Reads nothing and says nothing any more, as a frozen broker. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.pause();
      socket.write = () => true;
    }
  }

  /** Says that the credit is used up, where the client asked for it. */
  endCredit(sender: PeerSender): void {
    sender.set_drained(true);
    // rhea writes it with the next thing that happens on the connection; a peer at rest has none.
    sender.connection._register();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.drop();
    await once(this.#server, "close");
  }

  #script(container: ReturnType<typeof rhea.create_container>, options: PeerOptions): void {
    for (const event of ["disconnected", "error", "connection_error", "session_error", "protocol_error"]) {
      container.on(event, () => {});
    }
    container.on("sender_error", () => {});
    container.on("receiver_error", () => {});
    container.on("sender_open", ({ sender }) => {
      const refusal = options.refuse?.(sender.source.address);
      if (refusal !== undefined) return sender.close({ condition: refusal, description: "as scripted" });
      sender.set_source(options.ignoreFilters === true ? { address: sender.source.address } : sender.source);
      sender.set_target({});
      this.senders.push(sender);
      // Only once our own attach has left: credit follows it.
      options.onReceiver?.(sender);
    });
    container.on("receiver_open", ({ receiver }) => {
      const refusal = options.refuse?.(receiver.target.address);
      if (refusal !== undefined) return receiver.close({ condition: refusal, description: "as scripted" });
      receiver.set_source({});
      const dynamic = receiver.target.dynamic === true;
      receiver.set_target(
        dynamic ? { address: `temporary-${this.receivers.length}` } : { address: receiver.target.address ?? null },
      );
      this.receivers.push(receiver);
      const credit = options.credit?.(receiver.target.address) ?? 100;
      if (credit > 0) receiver.add_credit(credit);
    });
    container.on("sender_flow", ({ sender }) => {
      this.flows.push({ credit: sender.credit, drain: sender._draining === true });
    });
    for (const event of ["sender_close", "receiver_close"]) {
      container.on(event, (context) => {
        const link = context.sender ?? context.receiver;
        this.detached.push({ name: link.name, closed: link.remote.detach.closed === true });
      });
    }
    container.on("message", (received) => {
      if (options.onMessage !== undefined) return options.onMessage(received as unknown as PeerMessage);
      received.delivery?.accept();
      received.receiver?.add_credit(1);
    });
    for (const outcome of ["accepted", "rejected", "released", "modified"]) {
      container.on(outcome, ({ delivery }) => {
        this.outcomes.push({ id: delivery.id, outcome, reason: delivery.remote_state.error?.description });
      });
    }
  }
}

/** Waits until `condition` holds, looking again in each turn of the event loop; fails after `timeoutMs`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited more than ${timeoutMs} ms until ${what}.`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The error with which a promise rejects. */
export async function failure<T>(promise: Promise<T>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("The promise was expected to reject.");
}
