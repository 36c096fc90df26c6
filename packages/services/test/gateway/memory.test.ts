import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { queryObjects, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** How much the heap may differ between two moments of rest: what the engine and the broker keep by the way. */
const SLACK_BYTES = 6 * 1_048_576;
/** Calls of each overload; each that was held would be some 20 KB. */
const CALLS = 600;
const IN_FLIGHT = 50;

/** Node's class of an HTTP/2 server's streams, which has no name of its own in its modules. */
async function streamClass(): Promise<{ new (): ServerHttp2Stream }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.request().resume();
  const [stream] = (await once(server, "stream")) as [ServerHttp2Stream];
  stream.respond();
  stream.end();
  await once(stream, "close");
  client.close();
  server.close();
  return stream.constructor as { new (): ServerHttp2Stream };
}

describe("The memory of a gateway", function () {
  this.timeout(180_000);
  const gateway = useGateway({
    MAXIMUM_IN_FLIGHT: String(IN_FLIGHT),
    MAXIMUM_IN_FLIGHT_PER_MERCHANT: String(IN_FLIGHT),
  });

  /** Far more calls than there is room for: most are refused, some leave early, some wait until `whenFull` and the bank. */
  async function overload(round: number, whenFull: () => void): Promise<void> {
    const { api, bank, broker } = gateway();
    let refused = 0;
    let ended = 0;
    const outcomes = Array.from({ length: CALLS }, async (_, index) => {
      const id = `overload-${round}-${index}`;
      // Fewer than there are places, so that calls of gRPC are among those that wait.
      if (index % 30 === 0) await api.http("/v1/payments", { body: payBody(id, { wait: "20s" }) });
      else {
        const deadline = index % 3 === 0 ? { deadline: Date.now() + 50 } : {};
        await api
          .pay(payRequest(id, { wait: { seconds: 20n, nanos: 0 } }), deadline)
          .catch(({ code }: ServiceError) => {
            if (code !== 0) refused++;
          });
      }
      ended++;
    });
    await eventually("most are refused", () => refused > CALLS / 2);
    whenFull();
    await eventually("all are answered", async () => {
      while (broker().messageCount("payment") > 0) await bank.finish(await bank.take());
      return ended === CALLS;
    });
    await Promise.all(outcomes);
    bank.forget();
  }

  it("is the same after an overload as after those before: no call, stream or place is left", async () => {
    const Stream = await streamClass();
    const open = () => queryObjects(Stream, { format: "count" });
    const used: number[] = [];
    for (let round = 1; round <= 3; round++) {
      let most = 0;
      await overload(round, () => {
        most = open();
      });
      expect(most, "streams that were seen").to.be.above(10);
      await eventually("no stream is left", () => open() === 0);
      collect();
      used.push(process.memoryUsage().heapUsed);
    }
    const [, second = 0, third = 0] = used;
    expect(third - second, `heap after each overload: ${used}`).to.be.below(SLACK_BYTES);
    // All the room is there again: nothing that was refused, left or answered keeps a place.
    const atOnce = { wait: { seconds: 0n, nanos: 0 } };
    for (let count = 0; count < IN_FLIGHT; count++) await gateway().api.pay(payRequest(`after-${count}`, atOnce));
    for (let count = 0; count < IN_FLIGHT; count++) await gateway().bank.finish(await gateway().bank.take());
  });
});
