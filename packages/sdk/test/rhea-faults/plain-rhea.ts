/**
 * rhea as it is, without the SDK, for tests that show a fault of rhea 3.0.5. Where one of them fails because the fault
 * is gone, the SDK's remedy can go too.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import rhea, { type Connection, type ConnectionOptions, type Sender, type Session } from "rhea";

export class PlainRhea implements AsyncDisposable {
  readonly connection: Connection;

  private constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Connects without waiting for anything. */
  static begin(port: number, options: Partial<ConnectionOptions> = {}): PlainRhea {
    const container = rhea.create_container();
    // rhea prints or throws what nobody hears.
    for (const event of ["disconnected", "error", "connection_error", "protocol_error", "sender_error"]) {
      container.on(event, () => {});
    }
    const place = { host: "127.0.0.1", port, reconnect: false, ...options };
    return new PlainRhea(container.connect(place as ConnectionOptions));
  }

  static async connect(port: number, options: Partial<ConnectionOptions> = {}): Promise<PlainRhea> {
    const plain = PlainRhea.begin(port, options);
    await once(plain.connection, "connection_open");
    return plain;
  }

  async sender(address: string, session: Session | Connection = this.connection): Promise<Sender> {
    const sender = session.open_sender({ target: { address } });
    await once(sender, "sender_open");
    return sender;
  }

  /** A session of its own, beside the one that a connection has. */
  session(): Session {
    const session = this.connection.create_session();
    session.begin();
    return session;
  }

  /**
   * Resolves once the peer has answered a message that was sent after all that was sent before: what has not come by
   * then does not come.
   */
  async answered(): Promise<void> {
    const marker = await this.sender("marker", this.session());
    if (!marker.sendable()) await once(marker, "sendable");
    marker.send({ body: "marker" });
    await once(marker, "settled");
    marker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.set_reconnect(false);
    const { socket } = this.connection as unknown as { readonly socket?: Socket };
    if (socket === undefined || socket.closed) return;
    const closed = once(socket, "close");
    socket.destroy();
    await closed;
  }
}

/** What is printed as warnings and errors while `work` is done. */
export async function printedBy(work: () => Promise<void>): Promise<unknown[]> {
  const printed: unknown[] = [];
  const { error, warn } = console;
  console.error = console.warn = (...words: unknown[]) => printed.push(words);
  try {
    await work();
  } finally {
    Object.assign(console, { error, warn });
  }
  return printed;
}
