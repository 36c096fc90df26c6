import type { BreakerState } from "@quittance/sdk";
import { expect } from "chai";
import { breakerChecks } from "../../dist/platform/circuit-breakers.js";
import { type HealthServer, serveHealth } from "../../dist/platform/health.js";

describe("readiness", () => {
  let database: BreakerState;
  let webhooks: BreakerState;
  let health: HealthServer;

  before(async () => {
    health = await serveHealth({
      host: "127.0.0.1",
      port: 0,
      checks: { broker: () => undefined, ...breakerChecks({ capture: () => database }) },
      minorChecks: breakerChecks({ webhooks: () => webhooks }),
    });
  });
  beforeEach(() => {
    database = { name: "closed" };
    webhooks = { name: "closed" };
  });
  after(() => health.close());

  async function readyz(): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${health.port}/readyz`);
    return { status: response.status, body: await response.json() };
  }

  it("is there while every breaker is closed", async () => {
    expect(await readyz()).to.deep.equal({ status: 200, body: { status: "ok" } });
  });

  it("is not there while a breaker is open, and says why", async () => {
    database = { name: "open", cause: new Error("connect ECONNREFUSED"), probeAtMs: 0 };
    expect(await readyz()).to.deep.equal({
      status: 503,
      body: { status: "not ready", failing: { "breaker capture": "open: connect ECONNREFUSED" } },
    });
  });

  it("is there while a breaker is half open: it takes messages, and may wait long for one to try", async () => {
    database = { name: "half-open", cause: new Error("connect ECONNREFUSED") };
    expect(await readyz()).to.deep.equal({ status: 200, body: { status: "ok" } });
  });

  it("stays while only webhooks wait, and says so", async () => {
    webhooks = { name: "open", cause: new Error("HTTP status 500"), probeAtMs: 0 };
    expect(await readyz()).to.deep.equal({
      status: 200,
      body: { status: "ok", degraded: { "breaker webhooks": "open: HTTP status 500" } },
    });
  });
});
