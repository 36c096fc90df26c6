/** What carries the bytes of a connection: a WebSocket, a proxy's tunnel, or any stream that the application makes. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTo, type Socket } from "node:net";
import { Duplex, Transform } from "node:stream";
import { expect } from "chai";
import { type BrokerAddress, type Connection, type ConnectOptions, connect, queue } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { failure } from "./scripted-peer.js";
import { AUTHORITY, HOST_CERTIFICATE, HOST_KEY } from "./test-certificates.js";
import { WebSocketDoor } from "./web-socket-door.js";

const WORK = queue("work");
const SOON = { initialDelayMs: 1, maximumDelayMs: 10 } as const;
/** More than a TCP segment and a frame. */
const LARGE = "x".repeat(600_000);

async function sendsAndReceives(connection: Connection): Promise<void> {
  await using producer = await connection.createProducer(WORK);
  await producer.sendAll([{ message: { text: "small" } }, { message: { text: LARGE } }]);
  await using consumer = await connection.createConsumer(WORK, { acknowledge: "auto" });
  expect((await consumer.receive({ timeoutMs: 5_000 }))?.text).to.equal("small");
  expect((await consumer.receive({ timeoutMs: 5_000 }))?.text).to.equal(LARGE);
}

describe("A connection over WebSocket", () => {
  let broker: Broker;
  let door: WebSocketDoor;
  let connection: Connection | undefined;

  beforeEach(async () => {
    broker = await startBroker();
    door = await WebSocketDoor.open(broker.port);
  });

  afterEach(async () => {
    await connection?.close();
    connection = undefined;
    await door[Symbol.asyncDispose]();
    await broker.close();
  });

  it("asks for AMQP at its path, and sends and receives what is small and large", async () => {
    connection = await connect(door.url);
    expect(door.asked).to.deep.equal([{ path: "/amqp", protocol: "amqp" }]);
    expect(connection.state).to.include({ name: "open", broker: door.url });
    await sendsAndReceives(connection);
  });

  it("is made again when it breaks, and closes without leaving anything behind", async () => {
    connection = await connect(door.url, { reconnect: SOON });
    door.cut();
    await until("it is back", () => door.asked.length > 1 && connection?.state.name === "open");
    await sendsAndReceives(connection);
    await connection.close();
    await until("the broker has let go of it", () => broker.queues().every(({ consumers }) => consumers === 0));
  });

  it("is lost when the other side says what is no AMQP, or nothing at all", async () => {
    connection = await connect(door.url, { reconnect: SOON, idleTimeoutMs: 200 });
    door.sayText();
    await until("it is back", () => door.asked.length === 2 && connection?.state.name === "open");
    await sendsAndReceives(connection);
  });

  it("fails to be made where nobody listens, or somebody does who knows no WebSocket", async () => {
    const url = door.url;
    await door[Symbol.asyncDispose]();
    for (const wrong of [url, `amqpws://127.0.0.1:${broker.port}`]) {
      const error = await failure(connect(wrong, { connectTimeoutMs: 1_000 }));
      expect(error, wrong).to.include({ code: "connection-failed", retryable: true });
    }
  });

  it("is not described with what cannot reach it", async () => {
    const socket = () => new Duplex();
    for (const [url, options] of [
      ["amqpws://localhost", { createSocket: socket }],
      ["amqpwss://localhost", { tls: { rejectUnauthorized: false } }],
      ["amqp://localhost/path", {}],
      ["amqpws://localhost/?query=1", {}],
    ] as const) {
      expect((await failure(connect(url, options))).code, url).to.equal("invalid-argument");
    }
  });
});

describe("A connection over a socket of the application's", () => {
  let broker: Broker;
  let connection: Connection | undefined;

  afterEach(async () => {
    await connection?.close();
    connection = undefined;
    await broker.close();
  });

  it("goes through an HTTP proxy by CONNECT, in plain and with TLS over it", async () => {
    const proxy = createServer();
    proxy.on("connect", ({ url = "" }, client: Socket) => {
      const { hostname, port } = new URL(`tcp://${url}`);
      const line = connectTo(Number(port), hostname, () => client.write("HTTP/1.1 200 Connection Established\r\n\r\n"));
      client.pipe(line).pipe(client);
      for (const end of [client, line]) end.on("error", () => {});
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port: proxyPort } = proxy.address() as AddressInfo;
    const asked: BrokerAddress[] = [];
    const createSocket: ConnectOptions["createSocket"] = async (address) => {
      asked.push(address);
      const socket = connectTo(proxyPort, "127.0.0.1");
      socket.write(`CONNECT ${address.host}:${address.port} HTTP/1.1\r\nHost: ${address.host}\r\n\r\n`);
      await once(socket, "data");
      return socket;
    };
    broker = await startBroker();
    connection = await connect(broker.url, { createSocket });
    await sendsAndReceives(connection);
    expect(asked).to.deep.equal([{ host: "127.0.0.1", port: broker.port, secure: false }]);
    await connection.close();
    await broker.close();
    broker = await startBroker({ host: "localhost", tls: { cert: HOST_CERTIFICATE, key: HOST_KEY } });
    connection = await connect(broker.url, { createSocket, tls: { ca: AUTHORITY } });
    await sendsAndReceives(connection);
    await connection.close();
    const untrusted = await failure(connect(broker.url, { createSocket }));
    expect(untrusted.code).to.equal("connection-failed");
    proxy.close();
  });

  it("is asked for a new one each time, and known by its silence although it counts no bytes", async () => {
    broker = await startBroker();
    let made = 0;
    let isSilent = false;
    connection = await connect(broker.url, {
      reconnect: SOON,
      idleTimeoutMs: 200,
      createSocket: async () => {
        made++;
        isSilent = false;
        const socket = connectTo(broker.port, "127.0.0.1");
        await once(socket, "connect");
        const heard = new Transform({
          transform(bytes, _, done) {
            done(null, isSilent ? undefined : bytes);
          },
        });
        socket.pipe(heard);
        // A stream that is no socket.
        return Duplex.from({ readable: heard, writable: socket });
      },
    });
    await sendsAndReceives(connection);
    const first = made;
    isSilent = true;
    await until("the silence is noticed", () => made > first && connection?.state.name === "open");
    await sendsAndReceives(connection);
  });

  it("fails to be made where the application gives none, fails, or does not answer", async () => {
    broker = await startBroker();
    const wrong: readonly (() => unknown)[] = [
      () => undefined,
      () => Promise.reject(new Error("no proxy")),
      () => new Promise(() => {}),
      () => ({ write: () => true }),
    ];
    for (const createSocket of wrong) {
      const options = { connectTimeoutMs: 50, createSocket } as ConnectOptions;
      const error = await failure(connect(broker.url, options));
      expect(error, String(createSocket)).to.include({ code: "connection-failed", retryable: true });
    }
  });
});
