/** Watches before a server of this test, which loses connections as gateways and proxies do. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { QuittanceClient } from "../dist/mod.js";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

describe("A watch", () => {
  let answers: Answer[];
  let asked: { readonly path: string; readonly lastEventId: string | undefined }[];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? "", lastEventId: request.headers["last-event-id"]?.toString() });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response, request);
  });
  let client: QuittanceClient;

  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new QuittanceClient({ url, token: "any" });
  });
  beforeEach(() => {
    asked = [];
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  const event = (id: number, state: string) =>
    `id: ${id}\nevent: payment\ndata: ${JSON.stringify({ payment: { id: "pay_1", state: `PAYMENT_STATE_${state}` } })}\n\n`;
  /** Sends the parts as they are, then ends, or cuts the connection. */
  const events = (parts: readonly string[], { cut = false } = {}): Answer => {
    return (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const part of parts) response.write(part);
      if (cut) setImmediate(() => response.socket?.destroy());
      else response.end();
    };
  };
  const problem = (status: number, reason: string): Answer => {
    return (response) => {
      response.writeHead(status, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ status, reason, detail: `It is ${reason}.` }));
    };
  };
  async function states(options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<string[]> {
    const seen: string[] = [];
    for await (const { state } of client.payments.watch("pay_1", options)) seen.push(state);
    return seen;
  }

  it("gives each state of the stream, however its bytes are cut, and ends with the final one", async () => {
    const text = `retry: 1000\n\n${event(1, "PENDING")}:\n\n${event(4, "SUCCEEDED")}`;
    answers = [events([...text])];
    expect(await states()).to.deep.equal(["PENDING", "SUCCEEDED"]);
    expect(asked).to.deep.equal([{ path: "/v1/payments/pay_1:watch", lastEventId: undefined }]);
  });

  it("goes on where it was after a lost connection, a gateway that stops, and a proxy that ended the stream", async () => {
    const stopping = `event: problem\ndata: ${JSON.stringify({ status: 503, reason: "STOPPING", detail: "It stops." })}\n\n`;
    answers = [
      events([event(1, "PENDING")], { cut: true }),
      events([event(2, "AUTHORIZED"), stopping]),
      events([":\n\n"]),
      problem(503, "BROKER_UNAVAILABLE"),
      events([event(4, "CANCELED")]),
    ];
    expect(await states()).to.deep.equal(["PENDING", "AUTHORIZED", "CANCELED"]);
    expect(asked.map(({ lastEventId }) => lastEventId)).to.deep.equal([undefined, "1", "2", "2", "2"]);
  });

  it("ends when it connects again after the final state was told", async () => {
    answers = [events([event(1, "PENDING")], { cut: true }), (response) => void response.writeHead(204).end()];
    expect(await states()).to.deep.equal(["PENDING"]);
  });

  it("reads again and again where the service has no such stream, and gives what differs", async () => {
    const payment = (state: string): Answer => {
      return (response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ payment: { id: "pay_1", state: `PAYMENT_STATE_${state}` } }));
      };
    };
    answers = [problem(404, "UNKNOWN_ROUTE"), payment("PENDING"), payment("PENDING"), payment("DECLINED")];
    expect(await states()).to.deep.equal(["PENDING", "DECLINED"]);
    expect(asked.at(-1)?.path).to.equal("/v1/payments/pay_1");
  });

  it("tells a payment that there is not, whichever way it asks", async () => {
    answers = [problem(404, "PAYMENT_NOT_FOUND")];
    const error = await states().catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "NOT_FOUND", reason: "PAYMENT_NOT_FOUND" });
  });

  it("ends at its deadline, and at once when its caller aborts or leaves", async () => {
    const open: Answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event(1, "PENDING"));
    };
    answers = [open];
    const late = await states({ timeoutMs: 200 }).catch((thrown: unknown) => thrown);
    expect(late).to.include({ code: "DEADLINE_EXCEEDED" });

    const stop = new AbortController();
    const reason = new Error("The shopper left.");
    const aborted = client.payments.watch("pay_1", { signal: stop.signal });
    expect((await aborted.next()).value).to.include({ state: "PENDING" });
    stop.abort(reason);
    expect(await aborted.next().catch((thrown: unknown) => thrown)).to.equal(reason);

    const left = once(server, "request").then(([request]) => once((request as IncomingMessage).socket, "close"));
    for await (const { state } of client.payments.watch("pay_1")) {
      expect(state).to.equal("PENDING");
      break;
    }
    await left;
  });
});
