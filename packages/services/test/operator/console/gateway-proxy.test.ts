import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { eventually } from "../../support/eventually.js";
import { eventsOf } from "../../support/server-sent-events.js";
import { TEST_BROKER, useStack } from "../../support/stack-for-tests.js";
import { problemOf, useConsole, useLoneConsole } from "./console-for-tests.js";

/** A server behind the console, on which each test says how it answers. */
class Upstream {
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((incoming, outgoing) => this.answer(incoming, outgoing));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe("What the console passes on to the gateway", () => {
  const upstream = new Upstream();
  before(() => upstream.start());
  after(() => upstream.stop());
  const console = useLoneConsole({ gateway: () => upstream.url });

  /** A request whose path and headers go as they stand. @returns it, before its body is sent. */
  function send(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
    const { hostname, port } = new URL(console().url);
    return request({ hostname, port, path, agent: false, ...options });
  }

  it("has its method, path, query, headers and body, and its answer comes back as it is", async () => {
    let seen: object | undefined;
    upstream.answer = async (incoming, outgoing) => {
      const body = (await incoming.toArray()).join("");
      const { method, url, headers } = incoming;
      seen = { method, url, body, authorization: headers.authorization, key: headers["idempotency-key"] };
      outgoing.writeHead(202, { "content-type": "application/json", location: "/v1/payments/p", "retry-after": "3" });
      outgoing.end('{"of":"the gateway"}');
    };
    const answer = await fetch(`${console().url}/v1/payments/a%20b:refund?x=%26&y=`, {
      method: "POST",
      body: '{"amount":1}',
      headers: { authorization: "Bearer of-a-merchant", "content-type": "application/json", "idempotency-key": "k" },
    });
    expect(seen).to.deep.equal({
      method: "POST",
      url: "/v1/payments/a%20b:refund?x=%26&y=",
      body: '{"amount":1}',
      authorization: "Bearer of-a-merchant",
      key: "k",
    });
    expect([answer.status, answer.headers.get("location"), answer.headers.get("retry-after")]).to.deep.equal([
      202,
      "/v1/payments/p",
      "3",
    ]);
    expect(await answer.text()).to.equal('{"of":"the gateway"}');
  });

  it("has no headers of the hop, neither there nor back", async () => {
    let seen: IncomingMessage["headers"] = {};
    upstream.answer = (incoming, outgoing) => {
      seen = incoming.headers;
      outgoing.writeHead(200, {
        connection: "close, x-own",
        "x-own": "1",
        "proxy-authenticate": "Basic",
        "x-kept": "1",
      });
      outgoing.end();
    };
    const sent = send("/v1/payments", {
      headers: { connection: "keep-alive, x-hop", "x-hop": "1", te: "trailers", "keep-alive": "5", "x-end": "1" },
    });
    const [answer] = (await once(sent.end(), "response")) as [IncomingMessage];
    answer.resume();
    expect(seen).to.include({ "x-end": "1", host: new URL(upstream.url).host });
    expect(seen).not.to.have.any.keys("x-hop", "te", "keep-alive");
    expect(answer.headers).to.include({ "x-kept": "1" });
    expect(answer.headers).not.to.have.any.keys("x-own", "proxy-authenticate");
  });

  it("passes piece by piece: nothing waits for the whole of a body or of an answer", async () => {
    const pieces: string[] = [];
    upstream.answer = (incoming, outgoing) => {
      incoming.on("data", (piece: Buffer) => {
        pieces.push(piece.toString());
        outgoing.write(`got ${piece.toString()};`);
      });
      incoming.on("end", () => outgoing.end());
    };
    const sent = send("/v1/payments", { method: "POST", headers: { "content-type": "application/json" } });
    sent.write("one");
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    answer.setEncoding("utf8");
    expect((await once(answer, "data"))[0]).to.equal("got one;");
    sent.write("two");
    expect((await once(answer, "data"))[0]).to.equal("got two;");
    sent.end();
    await once(answer, "end");
    expect(pieces).to.deep.equal(["one", "two"]);
  });

  it("is left by the console when its caller leaves, before it was answered and while it is", async () => {
    for (const begin of [false, true]) {
      let left = false;
      const arrived = Promise.withResolvers<void>();
      upstream.answer = (_incoming, outgoing) => {
        outgoing.once("close", () => {
          left = true;
        });
        if (begin) outgoing.write("the beginning");
        arrived.resolve();
      };
      const sent = send("/v1/payments/p:watch").end();
      sent.on("error", () => undefined);
      if (begin) await once(sent, "response");
      else await arrived.promise;
      sent.destroy();
      await eventually("the gateway's side is left", () => left, 5_000);
    }
  });

  it("is cut off for the caller when the gateway cuts it off, and so taken for no whole answer", async () => {
    upstream.answer = (_incoming, outgoing) => {
      outgoing.write("the beginning");
      setImmediate(() => outgoing.destroy());
    };
    const [answer] = (await once(send("/v1/payments").end(), "response")) as [IncomingMessage];
    const failure = await once(answer.resume(), "error").then(([error]) => (error as NodeJS.ErrnoException).code);
    expect(failure).to.equal("ECONNRESET");
    expect(answer.complete).to.equal(false);
  });

  it("stays below /v1, in whatever form its path would leave it", async () => {
    let called = false;
    upstream.answer = (_incoming, outgoing) => {
      called = true;
      outgoing.end();
    };
    for (const path of [
      "/v1/../metrics",
      "/v1/payments/../../metrics",
      "/v1/%2e%2e/metrics",
      "/v1/.%2E/metrics",
      "/v1/..%2fmetrics",
      "/v1/..%5cmetrics",
      "/v1/..\\metrics",
      "/v1//evil.example/x",
      "/v1/./payments",
      "/%76%31/../metrics",
      "http://evil.example/v1/payments",
    ]) {
      const [answer] = (await once(send(path).end(), "response")) as [IncomingMessage];
      answer.resume();
      expect(answer.statusCode, path).to.be.oneOf([400, 404]);
    }
    expect(called).to.equal(false);
  });

  it("has the methods of the API and no others", async () => {
    for (const method of ["TRACE", "OPTIONS", "HEAD"]) {
      const [answer] = (await once(send("/v1/payments", { method }).end(), "response")) as [IncomingMessage];
      answer.resume();
      expect(answer.statusCode, method).to.equal(405);
    }
  });
});

describe("A console whose gateway is away", () => {
  const console = useLoneConsole();

  it("says so, also to who sends a body, and when to come again", async () => {
    for (const init of [{}, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }]) {
      const answer = await fetch(`${console().url}/v1/payments`, init);
      expect(answer.headers.get("retry-after")).to.equal("1");
      const { status, reason, detail } = await problemOf(answer);
      expect([status, reason]).to.deep.equal([503, "GATEWAY_UNAVAILABLE"]);
      expect(detail).to.include("ECONNREFUSED");
    }
  });
});

describe(`The API through the console, on the ${TEST_BROKER} broker`, function () {
  this.timeout(60_000);
  const system = useStack();
  const console = useConsole(system);

  it("takes payments, and tells whoever watches one of each state as it comes", async () => {
    const payment = await system().pay({ requestId: "watched-through-the-console" });
    const token = await system().stack.tokenOf("m-0001");
    const headers = { authorization: `Bearer ${token}` };
    const path = `/v1/payments/${payment.id}:watch`;
    const answer = await fetch(`${console().url}${path}`, { headers });
    expect(answer.headers.get("content-type")).to.equal("text/event-stream");
    const states: string[] = [];
    for await (const { event, data } of eventsOf(path, answer)) {
      expect(event).to.equal("payment");
      states.push(data.payment.state);
    }
    expect(states.at(-1)).to.equal("PAYMENT_STATE_SUCCEEDED");
    const read = await fetch(`${console().url}/v1/payments/${payment.id}`, { headers });
    expect((await read.json()) as object).to.have.nested.property("payment.id", payment.id);
    expect((await fetch(`${console().url}/openapi.json`)).status).to.equal(200);
  });
});
