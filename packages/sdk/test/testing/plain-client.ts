/** A client made of rhea alone, so that the broker is judged by another's words than the SDK's. */
import rhea, { type Connection, type Delivery, type Message, type Receiver, type Sender, type Session } from "rhea";
import type { Broker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";

export interface AmqpErrorFields {
  readonly condition: string;
  readonly description?: string;
}

/** What the broker said of a message that was sent. */
export interface SendOutcome {
  readonly name: string;
  readonly condition: string | undefined;
}

export interface Received {
  readonly message: Message;
  readonly delivery: Delivery;
}

export class PlainClient implements AsyncDisposable {
  readonly connection: Connection;
  #closed = false;

  private constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Rejects with the condition when the broker does not take the connection, or takes it back at once. */
  static async connect(broker: Pick<Broker, "port">, options: Record<string, unknown> = {}): Promise<PlainClient> {
    const container = rhea.create_container();
    const ended: string[] = [];
    let open = false;
    container.on("connection_open", () => {
      open = true;
    });
    container.on("connection_error", ({ error }) => ended.push(error?.condition ?? String(error)));
    container.on("disconnected", ({ error }) => ended.push(error ? String(error) : "disconnected"));
    for (const name of ["error", "sender_error", "receiver_error", "session_error"]) container.on(name, () => {});
    const login = "username" in options ? {} : { username: "anybody" };
    const connection = container.connect({
      host: "127.0.0.1",
      port: broker.port,
      reconnect: false,
      ...login,
      ...options,
    } as never);
    const client = new PlainClient(connection);
    await until("the connection is open", () => open || ended.length > 0);
    // A refused connection is opened and closed in one go (sole-connection-for-container).
    const { properties } = connection as unknown as { properties?: Record<string, unknown> };
    if (properties?.["amqp:connection-establishment-failed"] === true) {
      await until("the close follows", () => ended.length > 0);
    }
    if (ended.length > 0) throw new Error(ended[0]);
    return client;
  }

  session(): Session {
    const session = (this.connection as unknown as { create_session(size: object): Session }).create_session({
      incoming: 8_192,
      outgoing: 8_192,
    });
    session.begin();
    return session;
  }

  /** Rejects with the condition when the broker refuses the link. */
  async sender(target: string | object | undefined, options: object = {}, session = this.session()) {
    const sender = session.open_sender({
      target: typeof target === "string" ? { address: target } : (target ?? {}),
      treat_modified_as_released: false,
      ...options,
    });
    await attached(sender, "sender", () => isMissing(sender.target));
    return new PlainSender(sender);
  }

  async receiver(source: string | object | null, options: object = {}, session = this.session()) {
    const receiver = session.open_receiver({
      ...(source === null ? {} : { source: typeof source === "string" ? { address: source } : source }),
      credit_window: 0,
      autoaccept: false,
      ...options,
    });
    await attached(receiver, "receiver", () => isMissing(receiver.source));
    return new PlainReceiver(receiver);
  }

  /** Cuts the line as a process does that is killed. */
  async kill(): Promise<void> {
    this.#closed = true;
    const { socket } = this.connection as unknown as { socket: import("node:net").Socket };
    socket.destroy();
    stopTimers(this.connection);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { socket } = this.connection as unknown as { socket: import("node:net").Socket };
    this.connection.close();
    await until("the socket is closed", () => socket.destroyed);
    stopTimers(this.connection);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** rhea leaves the timers of its heartbeats behind when a socket goes without a FIN. */
function stopTimers(connection: Connection): void {
  const { heartbeat_in, heartbeat_out, abort_idle } = connection as unknown as Record<string, NodeJS.Timeout>;
  for (const timer of [heartbeat_in, heartbeat_out, abort_idle]) clearTimeout(timer);
}

/** A terminus that the broker left out is one of nulls to rhea. */
function isMissing(terminus: unknown): boolean {
  return !Array.isArray((terminus as { readonly value?: unknown } | null)?.value);
}

async function attached(link: Sender | Receiver, role: "sender" | "receiver", refused: () => boolean): Promise<void> {
  let open = false;
  let closed = false;
  let error: AmqpErrorFields | undefined;
  link.once(`${role}_open`, () => {
    open = true;
  });
  link.on(`${role}_error`, () => {
    error = link.error as AmqpErrorFields | undefined;
  });
  link.once(`${role}_close`, () => {
    closed = true;
  });
  const { connection } = link;
  await until("the link is attached", () => closed || connection.is_closed() || (open && !refused()));
  if (closed || connection.is_closed()) throw new Error(error?.condition ?? "the link was closed");
}

export class PlainSender {
  readonly link: Sender;
  readonly #pending = new Map<Delivery, (outcome: SendOutcome) => void>();

  constructor(link: Sender) {
    this.link = link;
    for (const name of ["accepted", "rejected", "released", "modified"]) {
      link.on(name, ({ delivery }: { delivery: Delivery }) => {
        const error = (delivery.remote_state as { error?: AmqpErrorFields } | undefined)?.error;
        this.#pending.get(delivery)?.({ name, condition: error?.condition });
        this.#pending.delete(delivery);
      });
    }
  }

  get address(): string {
    return this.link.target.address;
  }

  /** Resolves with what the broker says of the message. */
  async send(message: Message | Buffer, format?: number): Promise<SendOutcome> {
    await until("there is credit", () => this.link.sendable());
    const { promise, resolve } = Promise.withResolvers<SendOutcome>();
    const delivery = format === undefined ? this.link.send(message) : this.link.send(message, undefined, format);
    this.#pending.set(delivery, resolve);
    return promise;
  }

  sendAll(messages: readonly Message[]): Promise<SendOutcome[]> {
    return Promise.all(messages.map((message) => this.send(message)));
  }

  close(): Promise<void> {
    return ended(this.link, "sender", () => this.link.close());
  }
}

export class PlainReceiver {
  readonly link: Receiver;
  /** What has arrived and was not taken by {@link receive}. */
  readonly arrived: Received[] = [];
  /** The condition with which the broker closed the link. */
  closedWith: string | undefined;

  constructor(link: Receiver) {
    this.link = link;
    link.on("message", ({ message, delivery }: Received) => this.arrived.push({ message, delivery }));
    link.on("receiver_error", () => {
      this.closedWith = (link.error as AmqpErrorFields | undefined)?.condition;
    });
    link.on("receiver_close", () => {});
  }

  get address(): string {
    return this.link.source.address;
  }

  credit(credit: number): this {
    this.link.add_credit(credit);
    return this;
  }

  /** Gives one credit and takes the message that comes for it. */
  async receive(): Promise<Received> {
    if (this.arrived.length === 0) {
      this.credit(1);
      await until("a message arrives", () => this.arrived.length > 0);
    }
    return this.arrived.shift() as Received;
  }

  /** The bodies of the next messages, which are accepted. */
  async bodies(count: number): Promise<unknown[]> {
    this.credit(count - this.arrived.length);
    await until(`${count} messages arrive`, () => this.arrived.length >= count);
    return this.arrived.splice(0, count).map(({ message, delivery }) => {
      delivery.accept();
      return message.body;
    });
  }

  /** Uses up credit, so that everything the broker has for this link is here when it resolves. */
  async drained(): Promise<Received[]> {
    const drained = new Promise((resolve) => this.link.once("receiver_drained", resolve));
    this.link.add_credit(100);
    this.link.drain_credit();
    await drained;
    this.link.drain = false;
    return this.arrived.splice(0);
  }

  close(): Promise<void> {
    return ended(this.link, "receiver", () => this.link.close());
  }

  detach(): Promise<void> {
    return ended(this.link, "receiver", () => this.link.detach());
  }
}

async function ended(link: Sender | Receiver, role: "sender" | "receiver", end: () => void): Promise<void> {
  let closed = false;
  link.once(`${role}_close`, () => {
    closed = true;
  });
  end();
  await until("the broker answers the detach", () => closed);
}

export function message(body: unknown, fields: object = {}): Message {
  return { body, message_id: `m-${String(body)}`, ...fields } as Message;
}

export function selectorFilter(selector: string): object {
  return rhea.filter.selector(selector);
}
