/** A proxy that changes chosen frames of one side on their way, and hears what clients accept. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { DISPOSITION, decodeDisposition, performativeOf } from "../../dist/amqp/decode-frames.js";
import { FrameSplitter } from "./frames.js";

export interface ManglingOptions {
  /** Whose frames are changed. */
  readonly side: "broker" | "client";
  /** What arrives instead of a frame; frames are numbered over all connections. */
  readonly change: (whole: Buffer, number: number) => Buffer;
}

export class ManglingProxy implements AsyncDisposable {
  readonly url: string;
  /** Deliveries that clients said they accepted. */
  accepted = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: ManglingOptions;
  #frames = 0;

  private constructor(server: Server, brokerPort: number, options: ManglingOptions) {
    this.url = `amqp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#options = options;
    server.on("connection", (client: Socket) => this.#connected(client, connect(brokerPort, "127.0.0.1")));
  }

  static async start(brokerPort: number, options: ManglingOptions): Promise<ManglingProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ManglingProxy(server, brokerPort, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connected(client: Socket, broker: Socket): void {
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true).on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    const [fromClient, fromBroker] = [new FrameSplitter(), new FrameSplitter()];
    client.on("data", (bytes: Buffer) => {
      for (const whole of fromClient.split(bytes)) {
        this.#hear(whole);
        this.#pass(whole, broker, "client");
      }
    });
    broker.on("data", (bytes: Buffer) => {
      for (const whole of fromBroker.split(bytes)) this.#pass(whole, client, "broker");
    });
  }

  #pass(whole: Buffer, to: Socket, side: ManglingOptions["side"]): void {
    const { side: changed, change } = this.#options;
    if (to.writable) to.write(side === changed ? change(whole, this.#frames++) : whole);
  }

  #hear(whole: Buffer): void {
    if (whole.length <= 8 || performativeOf(whole) !== DISPOSITION) return;
    const { fromReceiver, first, last, outcome } = decodeDisposition(whole);
    if (fromReceiver && outcome !== "none" && outcome.kind === "accepted") this.accepted += last - first + 1;
  }
}
