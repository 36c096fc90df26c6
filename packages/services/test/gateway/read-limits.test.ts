import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import type { ApiError } from "../../dist/gateway/api-error.js";
import { ReadAdmission } from "../../dist/gateway/read-admission.js";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { eventually } from "../support/eventually.js";
import { failureOf, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

describe("The admission of reads", () => {
  const admission = () => new ReadAdmission({ maximum: 100, maximumPerMerchant: 60 });
  const never = () => new Promise<never>(() => undefined);

  async function refusalOf(read: Promise<unknown>): Promise<ApiError> {
    return read.then(
      () => expect.fail("it was let in"),
      (error: ApiError) => error,
    );
  }

  it("weighs a payment as 1, and a page by the payments that it may hold", () => {
    const reads = admission();
    for (const payments of [1, 51, 501]) reads.run(`m-${payments}`, payments, never);
    expect(reads.weight).to.equal(1 + 5 + 50);
  });

  it("refuses one merchant that reads too much, and lets another in, until all together read too much", async () => {
    const reads = admission();
    reads.run("m-1", 500, never);
    const refusal = await refusalOf(reads.run("m-1", 500, never));
    expect(refusal).to.include({ code: "RESOURCE_EXHAUSTED", reason: "TOO_MANY_READS", retryAfterMs: 1_000 });
    expect(refusal.quota?.subject).to.equal("merchant:m-1");
    reads.run("m-2", 500, never);
    expect(await refusalOf(reads.run("m-3", 1, never))).to.include({ reason: "OVERLOADED" });
  });

  it("has room again after a read, whether it was answered or failed", async () => {
    const reads = admission();
    await reads.run("m-1", 500, async () => "answer");
    expect(await refusalOf(reads.run("m-1", 500, () => Promise.reject(new Error("no"))))).to.be.instanceOf(Error);
    expect(reads.weight).to.equal(0);
  });

  it("lets the largest page in where nothing else is read, however little may be", async () => {
    const reads = new ReadAdmission({ maximum: 5, maximumPerMerchant: 3 });
    expect(await reads.run("m-1", 1_000, async () => reads.weight)).to.equal(3);
  });
});

describe("a merchant that lists its payments on 30 connections with a token that may only read", function () {
  this.timeout(60_000);
  const CONNECTIONS = 30;
  const gateway = useGateway({
    MAXIMUM_READS_IN_FLIGHT: "160",
    MAXIMUM_WATCHES_PER_MERCHANT: "2",
  });

  it("has two pages of 500 in flight at the bank, while another merchant reads and pays", async () => {
    const { apiAs, bank } = gateway();
    const other = await apiAs({ merchantId: "m-2" });
    const readers = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => apiAs({ merchantId: "m-1", scopes: ["payments:read"] })),
    );
    bank.silent = true;
    const refusals: string[] = [];
    const lists = readers.map((reader) =>
      reader.list(500).catch(async (error: unknown) => {
        const failure = await failureOf(Promise.reject(error));
        expect(failure.code).to.equal(status.RESOURCE_EXHAUSTED);
        expect(failure.retryDelay).not.to.equal(undefined);
        refusals.push(String(failure.info?.reason));
      }),
    );
    await eventually("all others are refused", () => refusals.length === CONNECTIONS - 2);
    expect(new Set(refusals)).to.deep.equal(new Set(["TOO_MANY_READS"]));
    await eventually("two are at the bank", () => bank.readsInHand === 2);

    const read = other.list(50);
    await eventually("the other's page is at the bank too", () => bank.readsInHand === 3);
    const paid = other.pay(payRequest("beside"));
    const taken = await bank.take();
    await bank.finish(taken);
    expect((await paid).state).to.equal(PaymentState.SUCCEEDED);

    bank.forget();
    await Promise.all(lists);
    expect((await read).payments).to.deep.equal([]);
  });

  it("may not open all the watches either", async () => {
    const { api, apiAs, bank } = gateway();
    const other = await apiAs({ merchantId: "m-2" });
    const watch = async (client: typeof api, requestId: string) => {
      const { id } = await client.pay(payRequest(requestId, { wait: { seconds: 0n, nanos: 0 } }));
      await bank.take();
      const stream = client.watch(id);
      const outcome = new Promise<string>((resolve) => {
        stream.once("data", () => resolve("open"));
        stream.on("error", (error) => resolve((error as { details?: string }).details ?? "failed"));
      });
      return { stream, outcome: await outcome };
    };
    const watches = [await watch(api, "w-1"), await watch(api, "w-2")];
    expect((await watch(api, "w-3")).outcome).to.contain("Too many watches");
    watches.push(await watch(other, "w-4"));
    expect(watches.map(({ outcome }) => outcome)).to.deep.equal(["open", "open", "open"]);
    for (const { stream } of watches) stream.cancel();
  });
});
