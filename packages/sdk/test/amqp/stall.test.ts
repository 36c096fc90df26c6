import { expect } from "chai";
import { connect, queue } from "../../dist/mod.js";
import { startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";

const WORK = queue("work");
const QUICK = { sendTimeoutMs: 50 };

describe("The stall of a producer", () => {
  it("is none while the broker takes and confirms what it is sent", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK);
    await using anonymous = await connection.createProducer(undefined);
    await until("there is credit", () => producer.stall === undefined && anonymous.stall === undefined);
    for (let n = 0; n < 10; n += 1) await producer.send({ text: "x" });
    expect(producer.stall).to.equal(undefined);
    expect(connection.stall).to.equal(undefined);
  });

  it("is that the broker takes nothing, for longer than a send waits for it, and ends with it", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK, QUICK);
    const fault = broker.refuseCredit("work");
    await until("the credit is taken back", () => producer.stall?.reason === "no-credit");
    for (let n = 0; n < 2; n += 1) {
      const failure = await producer.send({ text: "x" }).catch((error: unknown) => error);
      expect(failure).to.include({ code: "timed-out", mayHaveArrived: false });
    }
    expect(producer.pending).to.equal(0);
    expect(producer.stall).to.include({ reason: "no-credit", address: "work" });
    expect(producer.stall?.ageMs).to.be.at.least(2 * QUICK.sendTimeoutMs - 1);
    expect(connection.stall).to.include({ reason: "no-credit", address: "work" });
    fault.lift();
    await until("the broker takes messages", () => producer.stall === undefined);
    await producer.send({ text: "x" });
    expect(connection.stall).to.equal(undefined);
  });

  it("is seen by a producer that sends nothing when its credit is taken back", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK);
    await until("there is credit", () => producer.stall === undefined);
    const fault = broker.refuseCredit("*");
    await until("it is seen", () => connection.stall?.reason === "no-credit");
    fault.lift();
    await until("it is over", () => connection.stall === undefined);
  });

  it("is seen by a producer that is attached while the broker takes nothing", async () => {
    await using broker = await startBroker();
    broker.refuseCredit("work");
    await using connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK);
    expect(producer.stall).to.include({ reason: "no-credit" });
  });

  it("is that nothing is confirmed, for longer than a send waits for it, until the broker answers one", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK, QUICK);
    broker.forgetOutcomes("work", { count: 2 });
    for (let n = 0; n < 2; n += 1) {
      const failure = await producer.send({ text: "x" }).catch((error: unknown) => error);
      expect(failure).to.include({ code: "timed-out", mayHaveArrived: true });
    }
    expect(producer.stall).to.include({ reason: "unconfirmed", address: "work" });
    expect(producer.stall?.ageMs).to.be.at.least(2 * QUICK.sendTimeoutMs - 1);
    await producer.send({ text: "x" });
    expect(producer.stall).to.equal(undefined);
  });

  it("is that of the messages which a bound producer sends elsewhere, too", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK, QUICK);
    await producer.send({ text: "x" }, { destination: queue("elsewhere") });
    const fault = broker.forgetOutcomes("elsewhere");
    await producer.send({ text: "x" }, { destination: queue("elsewhere") }).catch(() => {});
    expect(producer.stall).to.include({ reason: "unconfirmed" });
    fault.lift();
  });
});
