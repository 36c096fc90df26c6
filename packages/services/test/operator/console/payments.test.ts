import { expect } from "chai";
import { GOOD_CARD, TEST_BROKER, useStack } from "../../support/stack-for-tests.js";
import { problemOf, useConsole } from "./console-for-tests.js";

interface Listed {
  readonly payments: readonly { readonly id: string; readonly merchantId: string; readonly requestId: string }[];
  readonly nextPageToken: string;
}

describe(`Payments in the console, on the ${TEST_BROKER} broker`, function () {
  this.timeout(60_000);
  const system = useStack();
  const console = useConsole(system);
  const list = (query = ""): Promise<Listed> => console().json(`/console/v1/payments?${query}`);
  const requestsOf = async (query: string) => (await list(query)).payments.map(({ requestId }) => requestId);

  before(async () => {
    for (const place of [1, 2, 3]) {
      await system().pay({ requestId: `mine-${place}`, clientReference: place === 2 ? "order 2" : "" });
    }
    await system().pay({ requestId: "expired", card: { ...GOOD_CARD, expiryYear: 2020 } });
    await system().pay({ requestId: "closed", card: GOOD_CARD }, "m-0020");
  });

  it("are those of all merchants, the newest first, page by page", async () => {
    const pages: Listed[] = [await list("pageSize=2")];
    while (pages.at(-1)?.nextPageToken) pages.push(await list(`pageSize=2&pageToken=${pages.at(-1)?.nextPageToken}`));
    expect(pages.map(({ payments }) => payments.length)).to.deep.equal([2, 2, 1]);
    const all = pages.flatMap(({ payments }) => payments);
    expect(all.map(({ requestId }) => requestId)).to.deep.equal(["closed", "expired", "mine-3", "mine-2", "mine-1"]);
    expect(all[0]).to.include({ merchantId: "m-0020", state: "DECLINED", amount: "1000", currency: "EUR" });
  });

  it("are found by merchant, state, request, reference, card and time, and by several at once", async () => {
    expect(await requestsOf("merchant=m-0020")).to.deep.equal(["closed"]);
    expect(await requestsOf("state=SUCCEEDED")).to.deep.equal(["mine-3", "mine-2", "mine-1"]);
    expect(await requestsOf("state=DECLINED&merchant=m-0001")).to.deep.equal(["expired"]);
    expect(await requestsOf("requestId=mine-2")).to.deep.equal(["mine-2"]);
    expect(await requestsOf("clientReference=order%202")).to.deep.equal(["mine-2"]);
    expect(await requestsOf("cardLastFour=4242&client=c-0001&pageSize=1")).to.deep.equal(["closed"]);
    expect(await requestsOf("cardLastFour=0000")).to.deep.equal([]);
    const [newest] = (await list()).payments as unknown as [{ readonly acceptTime: string }];
    expect(await requestsOf(`acceptedTo=${newest.acceptTime}`)).to.deep.equal([
      "expired",
      "mine-3",
      "mine-2",
      "mine-1",
    ]);
    expect(await requestsOf(`acceptedFrom=${newest.acceptTime}`)).to.deep.equal(["closed"]);
  });

  it("are asked for by what there is alone", async () => {
    for (const query of ["state=PAID", "merchant=%20", "acceptedFrom=yesterday", "pageSize=0", "pageToken=x", "q=1"]) {
      const problem = await problemOf(await console().call(`/console/v1/payments?${query}`));
      expect(problem, query).to.include({ status: 400, reason: "INVALID_FIELDS" });
    }
  });

  it("have a story each, as explain tells it", async () => {
    const [payment] = (await list("requestId=mine-1")).payments;
    const story = await console().json(`/console/v1/payments/${payment?.id}/story`);
    expect(story.payment).to.include({ state: "SUCCEEDED", amount: "1000", requestId: "mine-1" });
    expect(story.timeline.map(({ step }: { step: string }) => step)).to.include.members([
      "1",
      "2",
      "3",
      "4",
      "5a",
      "5b",
    ]);
    expect(story.entries.length).to.equal(4);
    expect([story.hanging, story.messages, story.unready]).to.deep.equal([[], [], {}]);
  });

  it("that nobody knows have none", async () => {
    for (const id of [`pay_${"a2".repeat(16)}`, "nosuch"]) {
      const problem = await problemOf(await console().call(`/console/v1/payments/${id}/story`));
      expect(problem, id).to.include({ status: 404, reason: "PAYMENT_NOT_FOUND" });
    }
  });
});
