import { startBroker } from "@quittance/sdk/testing";
import {
  type BrokerUnderTest,
  CONFIGURED,
  DEAD_LETTER_QUEUE,
  MAXIMUM_DELIVERIES,
  PREDEFINED_SUBSCRIPTION,
} from "./broker-under-test.js";

/** The broker in this process, which makes addresses as they are used. */
export async function startEmbeddedBroker(): Promise<BrokerUnderTest> {
  const broker = await startBroker({
    autoCreate: true,
    addresses: [
      { address: PREDEFINED_SUBSCRIPTION.address, kind: "topic", subscriptions: [PREDEFINED_SUBSCRIPTION.name] },
    ],
    deadLetterAddress: DEAD_LETTER_QUEUE,
    maximumDeliveries: MAXIMUM_DELIVERIES,
  });
  return { ...CONFIGURED, name: "embedded", url: broker.url, stop: () => broker.close() };
}
