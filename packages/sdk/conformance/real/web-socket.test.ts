import { connect, queue } from "@quittance/sdk";
import { expect } from "chai";
import { startArtemisBroker } from "../harness/artemis-broker.js";
import type { BrokerUnderTest } from "../harness/broker-under-test.js";

/** Artemis takes no larger message of a WebSocket; AMQP's frames are larger, and so is what leaves in one turn. */
const LARGEST_OF_WEB_SOCKET = 65_536;
const COUNT = 500;

describe("ActiveMQ Artemis over WebSocket", function () {
  this.timeout(300_000);
  let broker: BrokerUnderTest;

  before(async () => {
    broker = await startArtemisBroker();
  });
  after(() => broker?.stop());

  it("takes and gives many messages at once, and one that is larger than what a WebSocket brings at a time", async () => {
    await using connection = await connect(broker.url.replace("amqp://", "amqpws://"), { reconnect: false });
    await using producer = await connection.createProducer(queue("web-socket"));
    const large = "x".repeat(LARGEST_OF_WEB_SOCKET * 8);
    const texts = [...Array.from({ length: COUNT }, (_, index) => `${index}`), large];
    await producer.sendAll(texts.map((text) => ({ message: { text } })));
    await using consumer = await connection.createConsumer(queue("web-socket"), { acknowledge: "auto" });
    for (const text of texts) expect((await consumer.receive({ timeoutMs: 15_000 }))?.text).to.equal(text);
  });
});
