import { startBroker } from "@quittance/sdk/testing";
import { CAMPAIGN_QUEUES } from "../kills/campaign.js";
import { checkCampaign } from "../kills/check-campaign.js";

const KILLS = 25;

describe("Whatever breaks the lines to the embedded broker under load", function () {
  this.timeout(600_000);

  it("what is confirmed is there once, what is not is told, and nothing is taken that was not accepted", async () => {
    await using broker = await startBroker({
      addresses: [...CAMPAIGN_QUEUES, "DLQ"].map((address) => ({ address, kind: "queue" })),
      maximumDeliveries: 1_000_000,
    });
    await checkCampaign({ brokerUrl: broker.url, deadLetterAddress: "DLQ", kills: KILLS });
  });
});
