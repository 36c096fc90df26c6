import { startBroker } from "@quittance/sdk/testing";
import { type BrokerUnderTest, DEAD_LETTER_QUEUE, MAXIMUM_DELIVERIES } from "./broker-under-test.js";

/** The broker in this process, which makes addresses as they are used. */
export async function startEmbeddedBroker(): Promise<BrokerUnderTest> {
  const broker = await startBroker({
    deadLetterAddress: DEAD_LETTER_QUEUE,
    maximumDeliveries: MAXIMUM_DELIVERIES,
  });
  return { name: "embedded", url: broker.url, stop: () => broker.close() };
}
