import { expect } from "chai";
import { type BreakerState, type CircuitBreaker, createBreaker } from "../../dist/mod.js";
import { until } from "./until.js";

describe("A breaker of the application's own", () => {
  let breaker: CircuitBreaker | undefined;
  afterEach(() => breaker?.end());

  it("passes on what the work resolves and rejects with", async () => {
    breaker = createBreaker();
    const cause = new Error("away");
    expect(await breaker.run(async () => 7)).to.equal(7);
    expect(await breaker.run(() => Promise.reject(cause)).catch((error: unknown) => error)).to.equal(cause);
    expect(breaker.state).to.deep.equal({ name: "closed" });
  });

  it("opens after so many failures in a row, calls nothing while open, probes, and closes alone", async () => {
    const states: BreakerState["name"][] = [];
    breaker = createBreaker({ afterFailures: 2, halfOpenAfterMs: 20 }, ({ name }) => states.push(name));
    const { run, room } = breaker;
    let calls = 0;
    const fail = () => {
      calls += 1;
      return Promise.reject(new Error("away"));
    };
    for (let failure = 0; failure < 2; failure += 1) await run(fail).catch(() => undefined);
    expect(room(32)).to.equal(0);
    expect(await run(fail)).to.equal(undefined);
    expect(calls).to.equal(2);
    await until("it is half open", () => states.at(-1) === "half-open");
    expect(room(32)).to.equal(1);
    // A timer may be a little early by the wall clock, and then the breaker waits once more.
    while ((await run(async () => "back")) === undefined) {
      await until("it is half open again", () => breaker?.state.name === "half-open");
    }
    expect(breaker.state).to.deep.equal({ name: "closed" });
    expect(room(32)).to.equal(32);
    expect(states[0]).to.equal("open");
    expect(states.at(-1)).to.equal("closed");
  });

  it("refuses options that are no whole numbers", () => {
    expect(() => createBreaker({ afterFailures: 0 })).to.throw("breaker.afterFailures must be a whole number");
  });
});
