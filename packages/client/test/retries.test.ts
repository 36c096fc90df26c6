/** Calls that fail, before a server of this test that answers what it is told to, and behind a proxy that cuts. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { QuittanceClient, QuittanceError } from "../dist/mod.js";

const CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
const AMOUNT = { currencyCode: "EUR", minorUnits: 1_250n };
const PAID = { payment: { id: "pay_1", state: "PAYMENT_STATE_SUCCEEDED" } };

interface Seen {
  readonly atMs: number;
  readonly body: { readonly requestId?: string };
}

describe("A call that fails", () => {
  let seen: Seen[];
  let answers: ((request: IncomingMessage, response: ServerResponse) => void)[];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    seen.push({ atMs: performance.now(), body: text === "" ? {} : JSON.parse(text) });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });

  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  beforeEach(() => {
    seen = [];
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  const clientWith = (options: Partial<ConstructorParameters<typeof QuittanceClient>[0]> = {}) =>
    new QuittanceClient({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: "any",
      ...options,
    });
  const pay = (client: QuittanceClient, signal?: AbortSignal) =>
    client.payments.pay({ card: CARD, amount: AMOUNT }, { signal });

  const succeed = (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(PAID));
  };
  const cut = (request: IncomingMessage) => request.socket.destroy();
  const problem = (status: number, reason: string, headers: Readonly<Record<string, string>> = {}) => {
    return (_request: IncomingMessage, response: ServerResponse) => {
      const body = JSON.stringify({ status, reason, detail: `It is ${reason}.` });
      response.writeHead(status, { "content-type": "application/problem+json", ...headers }).end(body);
    };
  };

  it("is tried again with the request_id of the first try, whatever cut it", async () => {
    answers = [cut, problem(503, "BROKER_UNAVAILABLE"), cut, succeed];
    expect(await pay(clientWith())).to.include({ state: "SUCCEEDED" });
    expect(seen).to.have.length(4);
    const ids = new Set(seen.map(({ body }) => body.requestId));
    expect(ids.size).to.equal(1);
    expect([...ids][0]).to.match(/^[0-9a-f-]{36}$/);
  });

  for (const [status, reason] of [
    [429, "RATE_LIMITED"],
    [503, "BROKER_SLOW"],
  ] as const) {
    it(`waits as long as ${status} asks with Retry-After`, async () => {
      answers = [problem(status, reason, { "retry-after": "1" }), succeed];
      await pay(clientWith());
      const [first, second] = seen as [Seen, Seen];
      expect(second.atMs - first.atMs).to.be.within(990, 20_000);
    });
  }

  it("is not tried again when another try is of no use", async () => {
    for (const [status, reason, code] of [
      [400, "INVALID_FIELDS", "INVALID_ARGUMENT"],
      [400, "ALREADY_CAPTURED", "FAILED_PRECONDITION"],
      [401, "TOKEN_EXPIRED", "UNAUTHENTICATED"],
      [409, "REQUEST_ID_REUSED", "ALREADY_EXISTS"],
      [500, "INTERNAL", "INTERNAL"],
    ] as const) {
      answers = [problem(status, reason)];
      seen = [];
      expect(await failureOf(pay(clientWith()))).to.include({ code, reason, status });
      expect(seen, reason).to.have.length(1);
    }
  });

  it("takes a reason that it does not know for the code of its status", async () => {
    answers = [problem(409, "SOMETHING_NEW")];
    expect(await failureOf(pay(clientWith()))).to.include({ code: "ALREADY_EXISTS", reason: "SOMETHING_NEW" });
  });

  it("is tried again after a proxy's answer, which is no problem details", async () => {
    const proxy = (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(502).end("<html>");
    answers = [proxy, succeed];
    expect(await pay(clientWith())).to.include({ state: "SUCCEEDED" });
  });

  it("ends with the last failure when it was tried as often as it may be", async () => {
    answers = [problem(503, "BROKER_UNAVAILABLE")];
    const error = await failureOf(pay(clientWith({ maximumRetries: 2 })));
    expect(error).to.include({ code: "UNAVAILABLE", reason: "BROKER_UNAVAILABLE" });
    expect(error.requestId).to.equal(seen[0]?.body.requestId);
    expect(seen).to.have.length(3);
  });

  it("ends at its deadline, and does not wait for a time that is behind it", async () => {
    answers = [problem(503, "BROKER_UNAVAILABLE", { "retry-after": "3600" })];
    const startMs = performance.now();
    const error = await failureOf(pay(clientWith({ timeoutMs: 50_000 })));
    expect(error).to.include({ code: "DEADLINE_EXCEEDED", retryable: false });
    expect(error.message).to.contain("BROKER_UNAVAILABLE");
    expect(performance.now() - startMs).to.be.below(30_000);
  });

  it("ends at its deadline when no answer comes", async () => {
    answers = [() => undefined];
    const error = await failureOf(pay(clientWith({ timeoutMs: 2_000 })));
    expect(error.code).to.equal("DEADLINE_EXCEEDED");
    expect(error.requestId).to.equal(seen[0]?.body.requestId);
  });

  it("ends at once when its caller aborts, in a call and between two, with the caller's reason", async () => {
    for (const answer of [() => undefined, problem(503, "BROKER_UNAVAILABLE", { "retry-after": "30" })]) {
      answers = [answer];
      seen = [];
      const stop = new AbortController();
      const reason = new Error("The shopper left.");
      const paying = pay(clientWith(), stop.signal).catch((error: unknown) => error);
      while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
      stop.abort(reason);
      expect(await paying).to.equal(reason);
    }
  });

  it("follows no redirect: a token belongs to the service alone", async () => {
    answers = [(_request, response) => void response.writeHead(307, { location: "/elsewhere" }).end()];
    expect(await failureOf(pay(clientWith()))).to.include({
      code: "UNKNOWN",
      reason: "UNEXPECTED_ANSWER",
      status: 307,
    });
    expect(seen).to.have.length(1);
  });

  it("asks for the token at each try, and passes on what that throws", async () => {
    answers = [problem(503, "BROKER_UNAVAILABLE"), succeed];
    let asked = 0;
    await pay(clientWith({ token: async () => `token-${++asked}` }));
    expect(asked).to.equal(2);
    const lost = new Error("The identity provider is away.");
    const paying = pay(clientWith({ token: () => Promise.reject(lost) }));
    expect(await paying.catch((error: unknown) => error)).to.equal(lost);
  });
});

async function failureOf(work: Promise<unknown>): Promise<QuittanceError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(QuittanceError);
  return error as QuittanceError;
}
