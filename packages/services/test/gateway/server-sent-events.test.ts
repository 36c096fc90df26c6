import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { type FastifyInstance, fastify } from "fastify";
import { type EventSource, sendEvents } from "../../dist/gateway/server-sent-events.js";
import type { WatchedState } from "../../dist/gateway/watches.js";
import { eventually } from "../support/eventually.js";

type Source = EventSource<string>;

/** A few of them fill the buffers of both ends. */
const LARGE = "x".repeat(65_536);

describe("A stream of events", () => {
  let app: FastifyInstance | undefined;
  afterEach(async () => {
    app?.server.closeAllConnections();
    await app?.close();
  });

  /** Serves what a watch tells, on a port of its own. */
  async function serve(
    watch: Source["watch"],
    times: Pick<Source, "heartbeatMs" | "stalledAfterMs"> = {},
  ): Promise<number> {
    app = fastify();
    app.get("/", (request, reply) =>
      sendEvents(request, reply, {
        watch,
        name: "text",
        write: (text) => JSON.stringify(text),
        problemOf: (error) => JSON.stringify({ detail: (error as Error).message }),
        ...times,
      }),
    );
    await app.listen({ host: "127.0.0.1", port: 0 });
    return (app.server.address() as { port: number }).port;
  }

  const textOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).text();

  it("has comments while there is no news, and what ends it early in an event", async () => {
    const { promise: silence, resolve: speak } = Promise.withResolvers<void>();
    let comments = 0;
    const port = await serve(
      async function* () {
        yield { resource: "first", progress: 0 };
        await silence;
        throw new Error("it broke");
      },
      { heartbeatMs: 5 },
    );
    const response = await fetch(`http://127.0.0.1:${port}/`);
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      comments = text.split("\n\n").filter((block) => block === ":").length;
      if (comments >= 3) speak();
    }
    expect(text.replaceAll(":\n\n", "")).to.equal(
      'retry: 1000\n\nid: 0\nevent: text\ndata: "first"\n\nevent: problem\ndata: {"detail":"it broke"}\n\n',
    );
    expect(comments).to.be.at.least(3);
  });

  it("begins before there is news, for a client that was told the newest state", async () => {
    const { promise: silence, resolve: speak } = Promise.withResolvers<void>();
    const port = await serve(async function* () {
      yield undefined;
      await silence;
      yield { resource: "news", progress: 4 };
    });
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.status).to.equal(200);
    speak();
    expect(await response.text()).to.equal('retry: 1000\n\nid: 4\nevent: text\ndata: "news"\n\n');
  });

  it("that has nothing to tell is answered 204", async () => {
    // biome-ignore lint/correctness/useYield: it is over before it tells anything.
    const port = await serve(async function* () {
      return;
    });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).to.equal(204);
    expect(await textOf(port)).to.equal("");
  });

  it("takes states as fast as its client reads them, and ends its watch when the client leaves without reading", async () => {
    let pulled = 0;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const port = await serve(async function* () {
      try {
        for (; pulled < 10_000; pulled++) yield { resource: LARGE, progress: pulled };
      } finally {
        end();
      }
    });
    const socket = connect(port, "127.0.0.1").pause();
    await once(socket, "connect");
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    let before = -1;
    // Until the buffers of both ends are full, and nothing moves.
    await eventually("the stream stands still", async () => {
      const now = pulled;
      const stands = now > 0 && now === before;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return stands && pulled === now;
    });
    expect(pulled).to.be.below(1_000);
    socket.destroy();
    await ended;
  });

  it("is closed, and its watch ended, when its client stays and takes nothing", async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const port = await serve(
      async function* () {
        try {
          for (;;) yield { resource: LARGE, progress: 1 };
        } finally {
          end();
        }
      },
      { stalledAfterMs: 200 },
    );
    const socket = connect(port, "127.0.0.1").pause();
    await once(socket, "connect");
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await ended;
    socket.destroy();
  });

  it("ends its watch when the client goes away, while it waits for news as well as before the first state", async () => {
    for (const states of [[{ resource: "first", progress: 0 }], []] as readonly WatchedState<string>[][]) {
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const port = await serve(async function* ({ signal }) {
        try {
          yield* states;
          begin();
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        } finally {
          end();
        }
      });
      const leaving = new AbortController();
      const call = fetch(`http://127.0.0.1:${port}/`, { signal: leaving.signal })
        .then((response) => response.text())
        .catch(() => undefined);
      await begun;
      leaving.abort();
      await ended;
      await call;
      await app?.close();
    }
  });
});
