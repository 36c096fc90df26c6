import { expect } from "chai";
import type { Overview, ServiceInstance } from "../../../dist/operator/console/overview.js";
import { SERVICES } from "../../../dist/topology/system-table.js";
import { eventually } from "../../support/eventually.js";
import { readEvents } from "../../support/server-sent-events.js";
import { TEST_BROKER, useStack } from "../../support/stack-for-tests.js";
import { problemOf, useConsole } from "./console-for-tests.js";

describe(`The console's overview, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();
  const console = useConsole(system);
  const overview = (): Promise<Overview> => console().json("/console/v1/overview");
  const instancesOf = (of: Overview, name: string): readonly ServiceInstance[] =>
    of.services.find((service) => service.name === name)?.instances ?? [];

  it("names the five services, ready, with their breakers, and when they were started", async () => {
    const seen = await overview();
    expect(seen.problems).to.deep.equal([]);
    expect(seen.services.map(({ name }) => name)).to.deep.equal(SERVICES);
    for (const { name, instances } of seen.services) {
      expect(instances.length, name).to.equal(
        system()
          .stack.services()
          .filter((one) => one.name === name).length,
      );
      for (const one of instances) {
        expect(one, name).to.include({ ready: true, state: "ready" });
        const ageMs = Date.parse(seen.time) - Date.parse(one.startTime ?? "");
        expect(ageMs, name).to.be.within(0, 120_000);
      }
    }
    expect(instancesOf(seen, "client-bank")[0]?.breakers).to.deep.include({
      name: "client-bank-capture",
      state: "closed",
    });
  });

  it("names the queues of the cycle with who writes and reads them, and nothing waits", async () => {
    const { queues } = await overview();
    expect(queues.map(({ name }) => name)).to.include.members([
      "payment",
      "validation-result",
      "bank-result",
      "transaction-result",
    ]);
    const [payment] = queues;
    expect(payment).to.include({ name: "payment", kind: "queue", priority: 7, depth: 0, deadLetters: 0 });
    expect(payment).to.deep.include({ writers: ["gateway"], readers: ["card-validation"], oldestAgeSeconds: null });
    expect(payment?.consumers).to.be.greaterThan(0);
    const topic = queues.find(({ name }) => name === "transaction-result");
    expect(topic?.subscriptions.map(({ reader }) => reader)).to.have.members(["client-bank", "notification"]);
    for (const one of topic?.subscriptions ?? []) expect(one.consumers, one.name).to.be.greaterThan(0);
  });

  it("sees a message wait while nobody takes it, and that payments are in flight", async () => {
    const resume = await system().stack.hold("merchant-bank");
    try {
      await system().pay({ requestId: "held-for-the-console", wait: { seconds: 0n, nanos: 0 } });
      const seen = await eventually("a message waits for merchant-bank", async () => {
        const now = await overview();
        const queue = now.queues.find(({ name }) => name === "bank-result");
        return queue?.depth === 1 && (queue.oldestAgeSeconds ?? 0) > 0 && now.books.inFlight === 1 && now;
      });
      expect(seen.queues.find(({ name }) => name === "bank-result")?.consumers).to.equal(0);
      expect(seen.books.oldestInFlightSeconds).to.be.greaterThan(0);
      for (const one of instancesOf(seen, "merchant-bank")) {
        expect(one).to.include({ ready: false, state: "away", startTime: null });
        expect(one.reasons).to.deep.equal(["it does not answer"]);
      }
      expect(instancesOf(seen, "client-bank")[0]).to.include({ state: "ready" });
    } finally {
      await resume();
    }
    await eventually("it is settled", async () => {
      const { books, services } = await overview();
      const ready = services.every(({ instances }) => instances.every((one) => one.ready));
      return ready && books.inFlight === 0 && books.oldestInFlightSeconds === null;
    });
  });

  it("sees a service that was killed, and that it is back, started later", async () => {
    const before = instancesOf(await overview(), "notification")[0]?.startTime ?? "";
    system().killService("notification");
    await eventually("it is away", async () => {
      return instancesOf(await overview(), "notification").some(({ state }) => state === "away");
    });
    await eventually("it is ready, and younger", async () => {
      const instances = instancesOf(await overview(), "notification");
      return instances.every(({ ready }) => ready) && instances.some(({ startTime }) => (startTime ?? "") > before);
    });
  });

  it("is told every two seconds to whoever watches, with how many messages are sent a second", async () => {
    const gone = new AbortController();
    const answer = await console().call("/console/v1/overview:watch", { signal: gone.signal });
    expect(answer.headers.get("content-type")).to.equal("text/event-stream");
    let number = 0;
    const paying = { requestId: "watched-by-the-console" };
    for await (const { event, id, data } of readEvents(answer)) {
      number += 1;
      expect([event, id]).to.deep.equal(["overview", String(number)]);
      if (number === 1) await system().pay(paying);
      const rate = (data as Overview).queues[0]?.enqueuedPerSecond ?? 0;
      if (rate > 0) break;
      expect(number, "looks until the payment is counted").to.be.lessThan(6);
    }
    gone.abort();
  });

  it("tells the books' statement, in which everything agrees", async () => {
    const books = await console().json("/console/v1/books");
    expect(books.agree).to.equal(true);
    expect(books.lines).to.have.length.greaterThan(10);
    expect(books.lines.every((line: { wrong: string }) => line.wrong === "0")).to.equal(true);
  });

  it("refuses what no path of it takes", async () => {
    expect(await problemOf(await console().call("/console/v1/overview?since=1"))).to.include({
      status: 400,
      reason: "INVALID_FIELDS",
    });
  });
});

describe("The overview of a console whose broker and database are away", function () {
  this.timeout(120_000);
  const system = useStack();
  const console = useConsole(system, () => ({
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    BROKER_URL: "amqp://operator:x@127.0.0.1:1",
    BROKER_AUDITOR_URL: "amqp://auditor:x@127.0.0.1:1",
    BROKER_METRICS_URL: "",
  }));

  it("shows what is there, null where nothing can be known, and says why", async () => {
    const seen: Overview = await console().json("/console/v1/overview");
    expect(seen.services.every(({ instances }) => instances.every(({ state }) => state === "ready"))).to.equal(true);
    for (const queue of seen.queues) {
      expect(queue, queue.name).to.include({ depth: null, oldestAgeSeconds: null, deadLetters: null, consumers: null });
    }
    expect(seen.books).to.include({ inFlight: null, oldestInFlightSeconds: null });
    expect(seen.problems.map(({ part }) => part)).to.have.members(["queues", "books"]);
    for (const { detail } of seen.problems) expect(detail).to.include("ECONNREFUSED");
  });

  it("says which of the two is away when it is needed, and when to come again", async () => {
    const letters = await console().call("/console/v1/deadLetters");
    expect(letters.headers.get("retry-after")).to.equal("1");
    expect(await problemOf(letters)).to.include({ status: 503, reason: "BROKER_UNAVAILABLE" });
    const books = await problemOf(await console().call("/console/v1/books"));
    expect(books).to.include({ status: 503, reason: "DATABASE_UNAVAILABLE" });
    expect(books.detail).to.include("ECONNREFUSED").and.not.to.include("nobody");
  });
});
