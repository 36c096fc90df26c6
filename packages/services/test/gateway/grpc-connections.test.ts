import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentServiceClient, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { decodeFailure, payRequest, type RpcFailure } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const PATH = "/quittance.payments.v1.PaymentService/Pay";

/** Opens so many streams, and takes each back once it was sent: one that is taken back before is never sent. */
async function cancelCalls(session: ClientHttp2Session, count: number, authorization?: string): Promise<void> {
  for (let sent = 0; sent < count && !session.destroyed; sent += 100) {
    const streams = Array.from({ length: Math.min(100, count - sent) }, () => {
      const stream = session.request({
        ":method": "POST",
        ":path": PATH,
        "content-type": "application/grpc",
        te: "trailers",
        ...(authorization !== undefined && { authorization }),
      });
      return stream.on("error", () => undefined);
    });
    await new Promise((resolve) => (session.destroyed ? resolve(undefined) : session.ping(resolve)));
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await Promise.all(
      streams.map(
        (stream) => stream.closed || stream.destroyed || new Promise((resolve) => stream.once("close", resolve)),
      ),
    );
  }
}

describe("a gRPC connection with many cancelled calls", function () {
  this.timeout(120_000);
  const CANCELLED = 2_500;
  const gateway = useGateway();

  it("goes on, and payments on it succeed meanwhile", async () => {
    const { api, bank, broker } = gateway();
    const paying = (async () => {
      for (let count = 0; count < 20; count++) {
        const paid = api.pay(payRequest(`beside-${count}`));
        for (let taken = await bank.take(); ; taken = await bank.take()) {
          await bank.finish(taken);
          if (taken.body.requestId === `beside-${count}`) break;
        }
        expect((await paid).state).to.equal(PaymentState.SUCCEEDED);
      }
    })();
    // The same client: its calls share one connection with those above.
    const codes = new Set<number>();
    for (let sent = 0; sent < CANCELLED; sent += 50) {
      const calls = Array.from({ length: 50 }, (_, index) =>
        api.pay(payRequest(`cancelled-${sent + index}`), { deadline: Date.now() + 1 + (index % 3) }).then(
          () => status.OK,
          (error: ServiceError) => error.code,
        ),
      );
      for (const code of await Promise.all(calls)) codes.add(code);
    }
    await paying;
    for (const code of codes) expect(status[code]).to.be.oneOf(["OK", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"]);
    while (broker().messageCount("payment") > 0) await bank.take();
  });

  it("is kept when one of its calls had a valid token, and ended when none had", async () => {
    const { grpcAddress, api } = gateway();
    const stranger = connect(`http://${grpcAddress}`);
    stranger.on("error", () => undefined);
    const ended = once(stranger, "close");
    await once(stranger, "connect");
    await cancelCalls(stranger, CANCELLED);
    await ended;

    const known = connect(`http://${grpcAddress}`);
    await prove(known, `Bearer ${api.token}`);
    await cancelCalls(known, CANCELLED);
    expect(known.destroyed || known.closed).to.equal(false);
    await prove(known, `Bearer ${api.token}`);
    known.close();
  });
});

/** Makes a call with a valid token, and waits for its end. */
async function prove(session: ClientHttp2Session, authorization: string): Promise<void> {
  const stream = session.request({
    ":method": "POST",
    ":path": "/quittance.payments.v1.PaymentService/ListPayments",
    "content-type": "application/grpc",
    te: "trailers",
    authorization,
  });
  stream.end(Buffer.alloc(5));
  stream.resume();
  const [trailers] = (await once(stream, "trailers")) as [Record<string, string>];
  expect(trailers["grpc-status"]).to.equal("0");
}

describe("the gRPC door under far more calls than it may take", function () {
  this.timeout(120_000);
  const gateway = useGateway({ MAXIMUM_IN_FLIGHT: "20", MAXIMUM_IN_FLIGHT_PER_MERCHANT: "20" });

  it("refuses with a reason and a time to retry, each of them, on each connection", async () => {
    const { api, bank, grpcAddress } = gateway();
    const clients = Array.from(
      { length: 4 },
      (_, index) => new PaymentServiceClient(grpcAddress, credentials.createInsecure(), { "test.connection": index }),
    );
    const refusals: RpcFailure[] = [];
    let accepted = 0;
    const calls = Array.from({ length: 2_000 }, (_, index) => {
      const client = clients[index % clients.length] as PaymentServiceClient;
      return new Promise<void>((resolve) => {
        client.pay(payRequest(`load-${index}`, { wait: { seconds: 0n, nanos: 0 } }), api.metadata(), (error) => {
          if (error === null) accepted++;
          else refusals.push(decodeFailure(error));
          resolve();
        });
      });
    });
    await Promise.all(calls);
    // One whose answer does not come in 10 s is counted no more: on a slow machine there is room for others then.
    expect(accepted).to.be.within(20, 1_000);
    for (const refusal of refusals) {
      expect(refusal.code).to.be.oneOf([status.RESOURCE_EXHAUSTED, status.UNAVAILABLE]);
      expect(refusal.info?.reason).to.be.oneOf(["TOO_MANY_IN_FLIGHT", "OVERLOADED", "BROKER_SLOW", "BROKER_BLOCKED"]);
      expect(refusal.retryDelay, refusal.message).not.to.equal(undefined);
    }
    for (let count = 0; count < accepted; count++) await bank.finish(await bank.take());
    for (const client of clients) client.close();
  });
});
