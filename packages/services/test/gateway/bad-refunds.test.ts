import { expect } from "chai";
import { payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const CANARY = "5555555555554444";

describe("POST /v1/payments/{id}:refund", () => {
  const gateway = useGateway();
  let id = "";
  before(async () => {
    ({ id } = await gateway().api.pay(payRequest("to-refund", { wait: { seconds: 0n, nanos: 0 } })));
    await gateway().bank.take();
  });

  const refund = (body: unknown, headers: Record<string, string> = {}) =>
    gateway().api.http(`/v1/payments/${id}:refund`, { body, headers });

  it("answers 202 with the refund's Location while it is pending", async () => {
    const answer = await refund({ requestId: "pending", wait: "0s" });
    expect(answer.status, answer.text).to.equal(202);
    expect(answer.json.refund.id).to.match(/^ref_/);
    expect(answer.headers.get("location")).to.equal(`/v1/refunds/${answer.json.refund.id}`);
    const read = await gateway().api.http(answer.headers.get("location") ?? "");
    expect(read.json.refund.id).to.equal(answer.json.refund.id);
  });

  const bad: readonly [string, unknown, readonly string[]][] = [
    ["nothing", {}, ["requestId"]],
    ["a request_id that is a card number", { requestId: CANARY }, ["requestId"]],
    [
      "an amount in hexadecimal",
      { requestId: "x", amount: { currencyCode: "EUR", minorUnits: "0x10" } },
      ["amount.minorUnits"],
    ],
    ["an amount of nothing", { requestId: "x", amount: {} }, ["amount.currencyCode", "amount.minorUnits"]],
    [
      "a currency that was withdrawn",
      { requestId: "x", amount: { currencyCode: "BGN", minorUnits: 1 } },
      ["amount.currencyCode"],
    ],
    ["a fraction", { requestId: "x", amount: { currencyCode: "EUR", minorUnits: 0.5 } }, ["amount.minorUnits"]],
    ["a wait that is an object", { requestId: "x", wait: { seconds: "5" } }, ["wait"]],
    ["a card", { requestId: "x", card: { number: CANARY, cvc: "123" } }, ["card"]],
    ["a verification code", { requestId: "x", cvc: "123" }, ["cvc"]],
    ["another payment than the path", { requestId: "x", id: CANARY }, ["id"]],
  ];
  for (const [what, body, fields] of bad) {
    it(`names what is wrong with ${what}, and repeats none of it`, async () => {
      const answer = await refund(body);
      expect(answer.status).to.equal(400);
      expect(answer.json.violations.map(({ field }: { field: string }) => field)).to.have.members(fields);
      expect(answer.text).not.to.contain(CANARY).and.not.to.contain('"123"');
    });
  }

  it("names the Idempotency-Key when that is what is wrong", async () => {
    const answer = await refund({}, { "idempotency-key": CANARY });
    expect(answer.json.violations.map(({ field }: { field: string }) => field)).to.deep.equal(["Idempotency-Key"]);
  });

  it("says what an empty body lacks, and of bytes that they are no UTF-8", async () => {
    expect((await refund("")).json.violations).to.deep.equal([{ field: "requestId", description: "is required" }]);
    expect((await refund(Buffer.from([0x7b, 0xff, 0x7d]))).json.detail).to.equal("The body is not UTF-8.");
  });

  it("leaves no card number in the log", () => {
    expect(gateway().log.text()).not.to.contain(CANARY);
  });
});
