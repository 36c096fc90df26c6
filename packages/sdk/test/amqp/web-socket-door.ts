/** A WebSocket server before a TCP server, as brokers have one: the least of RFC 6455 that carries AMQP. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** RFC 6455, 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;

export class WebSocketDoor implements AsyncDisposable {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  /** Paths and subprotocols that were asked for. */
  readonly asked: { readonly path: string | undefined; readonly protocol: string | undefined }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(brokerPort: number): Promise<WebSocketDoor> {
    const server = createServer();
    const door = new WebSocketDoor(server);
    server.on("upgrade", ({ url, headers }, socket: Socket) => {
      const protocol = headers["sec-websocket-protocol"];
      door.asked.push({ path: url, protocol });
      const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}${KEY_SUFFIX}`).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
      );
      door.#clients.add(socket);
      bridge(socket, connect(brokerPort, "127.0.0.1"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return door;
  }

  get url(): string {
    return `amqpws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/amqp`;
  }

  cut(): void {
    for (const client of this.#clients) client.destroy();
    this.#clients.clear();
  }

  /** Says something that is no AMQP. */
  sayText(): void {
    for (const client of this.#clients) client.write(frame(TEXT, Buffer.from("hello")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
  }
}

function bridge(client: Socket, broker: Socket): void {
  let rest = Buffer.alloc(0);
  client.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    if (isTooLarge(rest)) client.destroy();
    for (let next = read(rest); next !== undefined; next = read(rest)) {
      rest = rest.subarray(next.length);
      if (next.opcode === BINARY) broker.write(next.payload);
      if (next.opcode === CLOSE) broker.end();
    }
  });
  broker.on("data", (bytes) => client.write(frame(BINARY, bytes)));
  for (const [one, other] of [
    [client, broker],
    [broker, client],
  ] as const) {
    one.on("error", () => {});
    one.on("close", () => other.destroy());
  }
}

/** Whether a frame begins that is larger than Netty's servers take by default; Artemis ends the connection then. */
function isTooLarge(bytes: Buffer): boolean {
  return bytes.length >= 10 && ((bytes[1] as number) & 0x7f) === 127 && bytes.readBigUInt64BE(2) > 65_536n;
}

/** A frame of a client's, unmasked; undefined while it has not come whole. */
function read(
  bytes: Buffer,
): { readonly opcode: number; readonly payload: Buffer; readonly length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] as number) & 0x7f;
  const at = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < at + 4) return undefined;
  const size = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const begin = at + 4;
  if (bytes.length < begin + size) return undefined;
  const mask = bytes.subarray(at, begin);
  const payload = Buffer.from(
    bytes.subarray(begin, begin + size).map((byte, place) => byte ^ (mask[place % 4] as number)),
  );
  return { opcode: (bytes[0] as number) & 0x0f, payload, length: begin + size };
}

function frame(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (payload.length < 126) head[1] = payload.length;
  else if (payload.length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}
