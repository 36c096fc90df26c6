import { connect, MessagingError, queue } from "@quittance/sdk";
import { expect } from "chai";
import { startArtemisBroker } from "../harness/artemis-broker.js";
import type { BrokerUnderTest } from "../harness/broker-under-test.js";

/** More than Artemis' journal takes of what is no body: it writes that of a large message beside its journal. */
const PROPERTY_LENGTH = 12_000_000;

describe("A message larger than ActiveMQ Artemis takes", function () {
  this.timeout(300_000);
  let broker: BrokerUnderTest;

  before(async () => {
    broker = await startArtemisBroker();
  });
  after(() => broker?.stop());

  it("is rejected for good, alone, outside a transaction and within one", async () => {
    await using connection = await connect(broker.url, { reconnect: false });
    await using producer = await connection.createProducer(queue("oversize"));
    const large = { text: "small", properties: { large: "·".repeat(PROPERTY_LENGTH / 2) } };
    const errors: unknown[] = [];
    const note = (error: unknown) => void errors.push(error);
    await Promise.all([producer.send({ text: "before" }), producer.send(large).catch(note)]);
    await using transaction = await connection.beginTransaction();
    await transaction.send(queue("oversize"), large).catch(note);
    expect(errors).to.have.length(2);
    for (const error of errors) {
      expect(error).to.be.instanceOf(MessagingError);
      expect(error).to.include({ code: "rejected", retryable: false, mayHaveArrived: false });
    }
    await transaction.rollback();
    // Large, but not too large: a message of many frames.
    await connection.transaction((another) => another.send(queue("oversize-many"), { text: "x".repeat(900_000) }));
    await producer.send({ text: "after" });
    await using consumer = await connection.createConsumer(queue("oversize"), { acknowledge: "auto" });
    const texts = [await consumer.receive({ timeoutMs: 15_000 }), await consumer.receive({ timeoutMs: 15_000 })];
    expect(texts.map((message) => message?.text)).to.deep.equal(["before", "after"]);
    expect(await consumer.receiveNoWait()).to.equal(undefined);
  });
});
