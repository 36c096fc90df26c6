import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { frame, performative } from "../hostile/frames.js";
import { until } from "../processor/until.js";
import { message, PlainClient } from "./plain-client.js";

const QUEUE: BrokerOptions = { addresses: [{ address: "q", kind: "queue" }] };

const failure = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
  } catch (error) {
    return (error as Error).message;
  }
  return "no failure";
};

describe("The embedded broker", () => {
  let broker: Broker;

  beforeEach(async () => {
    broker = await startBroker(QUEUE);
  });

  afterEach(() => broker.close());

  it("listens on an ephemeral port that it tells", async () => {
    expect(broker.url).to.equal(`amqp://127.0.0.1:${broker.port}`);
    await using _client = await PlainClient.connect(broker);
  });

  it("fails to start on a port that is taken, and leaves nothing behind", async () => {
    expect(await failure(startBroker({ port: broker.port }))).to.match(/EADDRINUSE/);
  });

  it("says who it is, what it can do and what it takes", async () => {
    await using client = await PlainClient.connect(broker);
    const { connection } = client as unknown as { connection: Record<string, unknown> };
    expect(connection.offered_capabilities).to.deep.equal([
      "sole-connection-for-container",
      "DELAYED_DELIVERY",
      "ANONYMOUS-RELAY",
      "SHARED-SUBS",
    ]);
    expect(connection.properties).to.deep.include({ product: "quittance-embedded-broker" });
    expect((connection.properties as { version: string }).version).to.match(/^\d+\.\d+\.\d+/);
    expect(connection.max_frame_size).to.equal(131_072);
    expect(connection.idle_time_out).to.equal(30_000);
  });

  it("writes no frame larger than its peer takes", async () => {
    await using client = await PlainClient.connect(broker, { max_frame_size: 600 });
    const body = Buffer.alloc(10_000, "x");
    await (await client.sender("q")).send(message("large", { body }));
    const { socket } = client.connection as unknown as { socket: Socket };
    let largest = 0;
    socket.prependListener("data", (bytes: Buffer) => {
      largest = Math.max(largest, ...frameSizes(bytes));
    });
    const { message: received } = await (await client.receiver("q")).receive();
    expect((received.body as Buffer).length).to.equal(10_000);
    expect(largest).to.be.within(500, 600);
  });

  it("lets its peers hear from it within their idle time-out", async () => {
    await using client = await PlainClient.connect(broker, { idle_time_out: 60 });
    const { socket } = client.connection as unknown as { socket: Socket };
    let heard = 0;
    socket.on("data", () => heard++);
    await until("it was heard five times", () => heard >= 5);
    expect(client.connection.is_open()).to.equal(true);
  });

  it("lets a container connect once when both connections want to be the only one", async () => {
    const sole = { container_id: "one", desired_capabilities: ["sole-connection-for-container"] };
    await using first = await PlainClient.connect(broker, sole);
    expect(await failure(PlainClient.connect(broker, sole))).to.equal("amqp:invalid-field");
    await using _other = await PlainClient.connect(broker, { container_id: "one" });
    await first.close();
    await using _again = await PlainClient.connect(broker, sole);
  });

  it("lets anybody in, with SASL or without, where there are no users", async () => {
    await using _plain = await PlainClient.connect(broker, { username: "who", password: "ever" });
    await using _anonymous = await PlainClient.connect(broker, { username: "anybody" });
    await using _none = await PlainClient.connect(broker, { username: undefined });
  });

  it("tells its clients when it closes, frees its port, and may be closed twice", async () => {
    const client = await PlainClient.connect(broker);
    let condition: string | undefined;
    client.connection.on("connection_error", ({ error }) => {
      condition = (error as { condition?: string }).condition;
    });
    client.connection.on("connection_close", () => {});
    await Promise.all([broker.close(), broker.close()]);
    await until("the client is told", () => condition !== undefined);
    expect(condition).to.equal("amqp:connection:forced");
    await client.close();
    broker = await startBroker({ ...QUEUE, port: broker.port });
  });

  it("refuses options that cannot be", async () => {
    const wrong: BrokerOptions[] = [
      { maximumDeliveries: 0 },
      { redeliveryDelayMs: -1 },
      { redeliveryDelayMs: 10, redeliveryDelayMultiplier: 0.5 },
      { redeliveryDelayMultiplier: 2 },
      { redeliveryDelayMs: 10, maximumRedeliveryDelayMs: 9 },
      { addresses: [{ address: "activemq.management", kind: "queue" }] },
      { port: 1.5 },
      { addresses: [{ address: "a::b", kind: "queue" }] },
      { addresses: [{ address: "a", kind: "queue", subscriptions: ["s"] }] },
      { addresses: [{ address: "a", kind: "topic", subscriptions: ["s|2"] }] },
      { addresses: [{ address: "a", kind: "topic", subscriptions: ["s", { name: "s", selector: "a = 1" }] }] },
      { addresses: [{ address: "a", kind: "topic", subscriptions: [{ name: "s", selector: "a =" }] }] },
      {
        addresses: [
          { address: "a", kind: "queue" },
          { address: "a", kind: "topic" },
        ],
      },
      { users: ["x", "x"].map((name) => ({ name, password: "p" })) },
    ];
    for (const options of wrong) expect(await failure(startBroker(options))).to.match(/[.]$/);
  });
});

describe("A peer that does not keep to the protocol", () => {
  let broker: Broker;

  beforeEach(async () => {
    broker = await startBroker(QUEUE);
  });

  /** Whatever the peer did, the broker serves others. */
  afterEach(async () => {
    await using client = await PlainClient.connect(broker);
    await (await client.sender("q")).send(message("still there"));
    await broker.close();
  });

  const AMQP = Buffer.from("AMQP\0\x01\0\0", "latin1");

  for (const [what, bytes] of [
    ["speaks HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["speaks AMQP 0-9-1", Buffer.from("AMQP\0\0\x09\x01", "latin1")],
    ["announces a frame of 2 GiB", Buffer.concat([AMQP, Buffer.from("7fffffff02000000", "hex")])],
    ["announces a frame smaller than its head", Buffer.concat([AMQP, Buffer.from("0000000402000000", "hex")])],
    ["points beyond its frame", Buffer.concat([AMQP, Buffer.from("00000008ff000000", "hex")])],
    ["opens with something that is no type", Buffer.concat([AMQP, frame("005310ffff")])],
    ["opens with a list that claims more than there is", Buffer.concat([AMQP, frame("005310d0000000ff000000ff")])],
    [
      "opens with an array of 4,000,000,000 nulls",
      Buffer.concat([AMQP, frame(performative(0x10, "f000000005ee6b280040"))]),
    ],
    ["nests without end", Buffer.concat([AMQP, frame(`005310c0${"c0ff01".repeat(300)}`)])],
    ["attaches before it opens", Buffer.concat([AMQP, frame(performative(0x12, "a10161", "43", "41"))])],
  ] as const) {
    it(`is hung up on when it ${what}`, async () => {
      const socket = connect(broker.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.resume();
      socket.write(bytes);
      await once(socket, "close");
    });
  }

  async function attached() {
    const client = await PlainClient.connect(broker);
    let condition: string | undefined;
    let gone = false;
    client.connection.on("connection_error", ({ error }) => {
      condition = (error as { condition?: string }).condition;
    });
    client.connection.on("disconnected", () => {
      gone = true;
    });
    const { socket } = client.connection as unknown as { socket: Socket };
    socket.on("close", () => {
      gone = true;
    });
    const sender = await client.sender("q");
    return {
      client,
      sender,
      socket,
      condition: () => condition,
      over: () => until("the connection is over", () => gone || condition !== undefined),
    };
  }

  it("has a message rejected that is none, and keeps its link", async () => {
    const { client, sender } = await attached();
    for (const bytes of ["", "00", "ffff", "005375a0ff", "00537540005370c00100", "005370c0ff01", "005399a100"]) {
      expect(await sender.send(Buffer.from(bytes, "hex"), 0)).to.deep.equal({
        name: "rejected",
        condition: "amqp:decode-error",
      });
    }
    expect(await sender.send(message("good"))).to.include({ name: "accepted" });
    await client.close();
  });

  it("may send bodies that nobody can read: they are passed on unread", async () => {
    const { client, sender } = await attached();
    // An amqp-value that is a list which claims more elements than it has.
    const bytes = Buffer.from("005377c00305ffff", "hex");
    expect(await sender.send(bytes, 0)).to.include({ name: "accepted" });
    await client.close();
  });

  for (const [what, bytes, expected] of [
    ["uses a handle that it has not attached", frame(transfer({ handle: "5207" })), "amqp:internal-error"],
    ["sends a transfer that ends too early", frame("005314c0ff0143"), "amqp:decode-error"],
    ["states an outcome inside no transaction", frame(disposition("00533445")), "amqp:transaction:unknown-id"],
    ["opens twice", frame(performative(0x10, "a10161")), "amqp:internal-error"],
    ["begins a delivery within another", [frame(transfer({ more: "41" })), frame(transfer({ id: "5201" }))], undefined],
  ] as const) {
    it(`is told so and hung up on when it ${what}`, async () => {
      const { client, socket, over, condition } = await attached();
      socket.write(Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes));
      await over();
      expect(condition()).to.equal(expected ?? "amqp:internal-error");
      await client.kill();
    });
  }

  it("may settle what it was never sent", async () => {
    const { client, sender, socket } = await attached();
    const received = (await client.receiver("q")).credit(1);
    // All of 4,294,967,296 deliveries are accepted.
    socket.write(frame(disposition("00532445")));
    await sender.send(message("one"));
    await until("it arrives", () => received.arrived.length === 1);
    await client.close();
  });
});

/** A presettled transfer on the first handle, with the amqp-value "a". */
function transfer({ handle = "43", id = "43", more = "42" }: { handle?: string; id?: string; more?: string }): string {
  return `${performative(0x14, handle, id, "a00100", "43", "41", more)}005377a10161`;
}

/** A receiver's word on every delivery id there is. */
function disposition(state: string): string {
  return performative(0x15, "41", "43", "70ffffffff", "41", state);
}

/** The sizes of the frames that begin in the bytes, when a frame begins them. */
function frameSizes(bytes: Buffer): number[] {
  const sizes: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += sizes.at(-1) as number) sizes.push(bytes.readUInt32BE(at));
  return sizes;
}
