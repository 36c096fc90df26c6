import { expect } from "chai";
import { maximumAmounts, readMaximumAmounts } from "../../dist/gateway/maximum-amounts.js";
import { failureOf, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

describe("The largest amounts", () => {
  it("are the usual one in every currency that is not named", () => {
    const most = maximumAmounts(1_000n, readMaximumAmounts("JPY=100000, KWD=7"));
    expect([most.of("EUR"), most.of("JPY"), most.of("KWD")]).to.deep.equal([1_000n, 100_000n, 7n]);
  });

  for (const text of [
    "JPY",
    "JPY=",
    "JPY=0",
    "JPY=-1",
    "JPY=0x10",
    "JPY=1e3",
    "BGN=5",
    "jpy=5",
    "JPY=1,JPY=2",
    "JPY=1,,",
  ]) {
    it(`are not read from ${text}`, () => {
      expect(() => readMaximumAmounts(text)).to.throw(/^must /);
    });
  }
  it("are within what sums can hold", () => {
    expect(() => readMaximumAmounts("JPY=1000000000000001")).to.throw(/^must /);
  });
});

describe("A gateway with a largest amount for yen", () => {
  const gateway = useGateway({ MAXIMUM_AMOUNT: "1000", MAXIMUM_AMOUNTS: "JPY=500000" });
  const amount = (currencyCode: string, minorUnits: bigint) => ({
    amount: { currencyCode, minorUnits },
    wait: { seconds: 0n, nanos: 0 },
  });

  it("holds each currency to its own", async () => {
    const { api, bank } = gateway();
    await api.pay(payRequest("yen", amount("JPY", 500_000n)));
    await api.pay(payRequest("euro", amount("EUR", 1_000n)));
    await bank.take();
    await bank.take();
    const [yen] = (await failureOf(api.pay(payRequest("more-yen", amount("JPY", 500_001n))))).violations;
    expect(yen).to.deep.include({ field: "amount.minor_units" });
    expect(yen?.description).to.contain("500000");
    const [euro] = (await failureOf(api.pay(payRequest("more-euro", amount("EUR", 1_001n))))).violations;
    expect(euro?.description).to.contain("1000");
  });
});
