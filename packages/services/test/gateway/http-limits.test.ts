import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { payBody } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

/** Well after the limit, for a machine that is busy, and well before Node's own minute. */
const CUT_BEFORE_SECONDS = 45;

/** What comes back on a connection until it ends, and how long it lasted. */
async function untilCut(socket: Socket): Promise<{ readonly text: string; readonly seconds: number }> {
  const startMs = performance.now();
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.on("error", () => undefined);
  await once(socket, "close");
  return { text, seconds: (performance.now() - startMs) / 1_000 };
}

/** Sends bytes of a body one by one for as long as the connection takes them. */
function trickle(socket: Socket): void {
  const timer = setInterval(() => socket.writable && socket.write("x"), 500);
  socket.once("close", () => clearInterval(timer));
}

describe("the HTTP door", function () {
  this.timeout(90_000);
  const gateway = useGateway();

  it("cuts slow requests after 10 seconds: headers, bodies, with a token and without", async () => {
    const { httpUrl, api } = gateway();
    const { hostname, port } = new URL(httpUrl);
    const open = () => connect(Number(port), hostname);
    const head = `POST /v1/payments HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n`;
    const beginnings = ["POST /v1/pay", head, `${head}\r\n`, `${head}authorization: Bearer ${api.token}\r\n\r\n`];
    const cuts = await Promise.all(
      beginnings.map((beginning) => {
        const socket = open();
        socket.write(beginning);
        trickle(socket);
        return untilCut(socket);
      }),
    );
    for (const [place, { seconds }] of cuts.entries())
      expect(seconds, beginnings[place]).to.be.below(CUT_BEFORE_SECONDS);
    // Whoever may pay has all of the time.
    expect(cuts.at(-1)?.seconds).to.be.above(9);
  });

  it("lets nobody store an answer about payments, nor an error", async () => {
    const { api } = gateway();
    for (const answer of [
      await api.http("/v1/payments"),
      await api.http("/v1/payments/pay_x"),
      await api.http("/v1/payments", { body: {} }),
      await api.http("/v1/payments", { body: payBody("x", { wait: "0s" }) }),
      await api.http("/v1/payments", { headers: { authorization: "" } }),
      await api.http("/v1/nothing"),
    ]) {
      expect(answer.headers.get("cache-control"), String(answer.status)).to.equal("no-store");
    }
    await gateway().bank.take();
  });
});

describe("the doors with a limit on connections", () => {
  const gateway = useGateway({ MAXIMUM_CONNECTIONS: "3" });

  it("close further ones at once, and take new ones when others have gone", async () => {
    for (const address of [gateway().grpcAddress, new URL(gateway().httpUrl).host]) {
      const [host, port] = address.split(":");
      const sockets = Array.from({ length: 3 }, () => connect(Number(port), host));
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      const { text } = await untilCut(connect(Number(port), host));
      expect(text).to.equal("");
      for (const socket of sockets) expect(socket.destroyed, address).to.equal(false);
      await Promise.all(sockets.map((socket) => once(socket.destroy(), "close")));
    }
    // By HTTP and gRPC, whose ports are full no more.
    expect((await gateway().api.http("/v1/payments")).status).to.equal(200);
    expect((await gateway().api.list()).payments).to.deep.equal([]);
  });
});
