import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import type { ApiError } from "../../dist/gateway/api-error.js";
import { RateLimits } from "../../dist/gateway/rate-limits.js";
import { failureOf } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

describe("A merchant's rate limits", () => {
  let nowMs = 0;
  const limits = () => new RateLimits({ callsPerSecond: 10, readsPerSecond: 100 }, () => nowMs);
  const refusalOf = (take: () => void): ApiError | undefined => {
    try {
      take();
    } catch (error) {
      return error as ApiError;
    }
    return undefined;
  };

  it("let through what fits into a second, and as much again as time goes on", () => {
    const rateLimits = limits();
    for (let count = 0; count < 10; count++) rateLimits.takeCall("m-1");
    const refusal = refusalOf(() => rateLimits.takeCall("m-1"));
    expect(refusal).to.include({ code: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED", retryAfterMs: 100 });
    expect(refusal?.metadata).to.deep.equal({ policy: "calls", limit: "10", window: "1s" });
    nowMs += 100;
    rateLimits.takeCall("m-1");
    expect(refusalOf(() => rateLimits.takeCall("m-1"))).not.to.equal(undefined);
    nowMs += 60_000;
    for (let count = 0; count < 10; count++) rateLimits.takeCall("m-1");
    expect(refusalOf(() => rateLimits.takeCall("m-1"))).not.to.equal(undefined);
  });

  it("are each merchant's own", () => {
    const rateLimits = limits();
    for (let count = 0; count < 10; count++) rateLimits.takeCall("m-1");
    rateLimits.takeCall("m-2");
  });

  it("let through the reads of ten seconds at once, and the largest page when nothing else was read", () => {
    const rateLimits = limits();
    rateLimits.takeReads("m-1", 600);
    expect(refusalOf(() => rateLimits.takeReads("m-1", 600))).to.include({
      reason: "RATE_LIMITED",
      retryAfterMs: 2_000,
    });
    rateLimits.takeReads("m-2", 10_000);
  });

  it("count a page for what it holds, once that is known", () => {
    const rateLimits = limits();
    rateLimits.takeReads("m-1", 1_000);
    rateLimits.giveBackReads("m-1", 990);
    rateLimits.takeReads("m-1", 990);
    expect(refusalOf(() => rateLimits.takeReads("m-1", 1))).not.to.equal(undefined);
  });

  it("are none where they are 0", () => {
    const rateLimits = new RateLimits({ callsPerSecond: 0, readsPerSecond: 0 }, () => nowMs);
    for (let count = 0; count < 100_000; count++) rateLimits.takeCall("m-1");
    rateLimits.takeReads("m-1", 1_000_000);
    expect(rateLimits.headers("m-1")).to.deep.equal({});
  });
});

describe("the doors with a rate limit", () => {
  const gateway = useGateway({ RATE_LIMIT_PER_SECOND: "1", READ_LIMIT_PER_SECOND: "2000" });

  it("tell it over HTTP in RateLimit fields, and answer 429 with Retry-After", async () => {
    const { apiAs } = gateway();
    const api = await apiAs({ merchantId: "m-http" });
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => api.http("/v1/payments")));
    expect(first?.headers.get("ratelimit-policy")).to.equal('"calls";q=1;w=1, "reads";q=20000;w=10');
    expect(first?.headers.get("ratelimit")).to.match(/^"calls";r=[01];t=[01], "reads";r=20000;t=0$/);
    const refused = others.find((answer) => answer.status === 429);
    expect(refused?.json).to.deep.include({ reason: "RATE_LIMITED", policy: "calls", limit: "1", window: "1s" });
    expect(refused?.headers.get("retry-after")).to.equal("1");
    expect(refused?.headers.get("ratelimit")).to.match(/^"calls";r=0;t=1/);
    const stranger = await api.http("/v1/payments", { headers: { authorization: "" } });
    expect(stranger.headers.get("ratelimit")).to.equal(null);
  });

  it("tell it over gRPC with RetryInfo and QuotaFailure, and leave another merchant alone", async () => {
    const { apiAs } = gateway();
    const api = await apiAs({ merchantId: "m-grpc" });
    const other = await apiAs({ merchantId: "m-other" });
    const [refusal] = await Promise.all(
      (await Promise.allSettled(Array.from({ length: 20 }, () => api.list())))
        .filter((result) => result.status === "rejected")
        .map((result) => failureOf(Promise.reject(result.reason))),
    );
    expect(refusal?.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(refusal?.info).to.deep.include({
      reason: "RATE_LIMITED",
      metadata: { policy: "calls", limit: "1", window: "1s" },
    });
    expect(refusal?.retryDelay).not.to.equal(undefined);
    expect(refusal?.quota).to.deep.equal([{ subject: "merchant:m-grpc", description: "1 calls in 1 s" }]);
    expect((await other.list()).payments).to.deep.equal([]);
  });
});
