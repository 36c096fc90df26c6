/** A TCP proxy in front of a broker that cuts the connection when the client says a certain thing. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

export class CuttingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #cut: { readonly at: Buffer; readonly passOn: boolean } | undefined;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** @param reach makes a connection to the broker, for each that a client makes */
  static async start(reach: () => Socket): Promise<CuttingProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const broker = reach();
      for (const socket of [client, broker]) {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          client.destroy();
          broker.destroy();
        });
      }
      client.on("data", (bytes: Buffer) => proxy.#said(bytes, client, broker));
      broker.on("data", (bytes: Buffer) => client.writable && client.write(bytes));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new CuttingProxy(server, sockets);
    return proxy;
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.port}`;
  }

  /** Cuts the line once the client says these bytes, which the broker still hears with `passOn`. */
  cutAt(at: Buffer, passOn: boolean): void {
    this.#cut = { at, passOn };
  }

  /** Cuts every line now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #said(bytes: Buffer, client: Socket, broker: Socket): void {
    const cut = this.#cut;
    if (cut === undefined || !bytes.includes(cut.at)) {
      broker.write(bytes);
      return;
    }
    this.#cut = undefined;
    // The client hears no more; the broker hears all there was, or nothing of it.
    client.destroy();
    if (cut.passOn) broker.end(bytes);
    else broker.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
