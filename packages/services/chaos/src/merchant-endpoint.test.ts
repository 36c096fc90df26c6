import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { MerchantEndpoint } from "./merchant-endpoint.js";

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const BODY = JSON.stringify({ type: "payment.succeeded", data: { id: "pay_a" } });

describe("A merchant's endpoint of the campaign", () => {
  let endpoint: MerchantEndpoint;

  beforeEach(async () => {
    endpoint = await MerchantEndpoint.start("m-0001");
    endpoint.registered({ id: "we_a", secret: SECRET });
  });
  afterEach(() => endpoint.close());

  /** The status that a webhook is answered with; rejects when the connection is cut. */
  async function post(secret = SECRET): Promise<number> {
    const time = new Date();
    const headers = {
      "webhook-id": "evt_a",
      "webhook-timestamp": `${Math.floor(time.getTime() / 1_000)}`,
      "webhook-signature": new Webhook(secret).sign("evt_a", time, BODY),
    };
    return (await fetch(endpoint.url, { method: "POST", headers, body: BODY })).status;
  }
  const isCut = (posted: Promise<number>) =>
    posted.then(
      () => false,
      () => true,
    );

  it("takes what is signed with its secret, and complains about what is not", async () => {
    expect(await post()).to.equal(204);
    expect(endpoint.takeComplaints()).to.deep.equal([]);
    expect([...endpoint.announced.ids]).to.deep.equal(["evt_a"]);
    await post(`whsec_${randomBytes(32).toString("base64")}`);
    expect(endpoint.takeComplaints()).to.have.lengthOf(1);
    expect(endpoint.takeComplaints()).to.deep.equal([]);
  });

  it("takes nothing in a storm, and everything after it", async () => {
    endpoint.beginStorm("answers 500");
    expect(await post()).to.equal(500);
    endpoint.beginStorm("resets");
    expect(await isCut(post())).to.equal(true);
    expect([...endpoint.announced.ids]).to.deep.equal([]);
    expect(endpoint.taken).to.equal(0);
    expect(endpoint.refused).to.be.at.least(2);
    endpoint.endStorm();
    expect(await post()).to.equal(204);
    expect(endpoint.taken).to.equal(1);
  });

  it("answers nothing while it hangs, and cuts off what hangs when that ends", async () => {
    endpoint.beginStorm("hangs");
    const cut = isCut(post());
    while (endpoint.refused === 0) await new Promise((resolve) => setImmediate(resolve));
    endpoint.endStorm();
    expect(await cut).to.equal(true);
    expect(endpoint.taken).to.equal(0);
  });
});
