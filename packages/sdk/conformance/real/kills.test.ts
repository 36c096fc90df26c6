import { startArtemisBroker } from "../harness/artemis-broker.js";
import { type BrokerUnderTest, DEAD_LETTER_QUEUE } from "../harness/broker-under-test.js";
import { checkCampaign } from "../kills/check-campaign.js";

const KILLS = 200;
/** A broker may have to be fetched first. */
const START_TIMEOUT_MS = 300_000;

describe("Whatever breaks the lines to ActiveMQ Artemis under load", function () {
  this.timeout(900_000);
  let broker: BrokerUnderTest;

  before(async function startTheBroker() {
    this.timeout(START_TIMEOUT_MS);
    broker = await startArtemisBroker();
  });
  after(() => broker?.stop());

  it("what is confirmed is there once, what is not is told, and nothing is taken that was not accepted", () =>
    checkCampaign({ brokerUrl: broker.url, deadLetterAddress: DEAD_LETTER_QUEUE, kills: KILLS }));
});
