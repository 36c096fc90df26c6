import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { LineProxy } from "./line-proxy.js";

/** What PostgreSQL sends when a command is completed. */
function commandComplete(tag: string): Buffer {
  const message = Buffer.alloc(6 + tag.length);
  message.write("C", 0);
  message.writeUInt32BE(5 + tag.length, 1);
  message.write(tag, 5);
  return message;
}

/** Resolves however the socket is closed: a reset is an error too. */
function closing(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

describe("The proxy on a connection", function () {
  this.timeout(20_000);
  let server: Server;
  let proxy: LineProxy;
  let accepted: Promise<Socket>;
  let client: Socket;

  beforeEach(async () => {
    server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await LineProxy.start({ port: (server.address() as AddressInfo).port, protocol: "postgres" });
    accepted = once(server, "connection").then(([socket]) => (socket as Socket).on("error", () => undefined));
    client = connect(proxy.port, "127.0.0.1").on("error", () => undefined);
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it("carries both directions, slowly when it is told to", async () => {
    proxy.slow(20);
    client.write("question");
    const peer = await accepted;
    expect(String((await once(peer, "data"))[0])).to.equal("question");
    peer.write("answer");
    expect(String((await once(client, "data"))[0])).to.equal("answer");
  });

  it("sees commands that were completed, in pieces too, and keeps from its receiver what the watcher refuses", async () => {
    const seen: string[] = [];
    const refused = Promise.withResolvers<void>();
    proxy.watch(({ sights, direction }) => {
      if (direction === "to-client") seen.push(...sights);
      if (!sights.includes("COMMIT")) return true;
      refused.resolve();
      return false;
    });
    const peer = await accepted;
    const insert = commandComplete("INSERT 0 1\0");
    peer.write(insert.subarray(0, 4));
    await once(client, "data");
    peer.write(insert.subarray(4));
    await once(client, "data");
    const heard: Buffer[] = [];
    client.on("data", (bytes: Buffer) => heard.push(bytes));
    peer.write(commandComplete("COMMIT\0"));
    await refused.promise;
    peer.write("whatever follows");
    // The other direction goes on, and shows that time has passed.
    client.write("still there?");
    await once(peer, "data");
    expect(seen).to.deep.equal(["INSERT", "COMMIT"]);
    expect(heard).to.deep.equal([]);
    const closed = closing(client);
    proxy.heal();
    await closed;
  });

  it("cuts connections so that both sides are told", async () => {
    client.write("x");
    const peer = await accepted;
    const closed = Promise.all([closing(client), closing(peer)]);
    proxy.cut("reset");
    await closed;
  });
});
