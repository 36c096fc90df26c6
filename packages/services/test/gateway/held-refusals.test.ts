import { expect } from "chai";
import { ApiError } from "../../dist/gateway/api-error.js";
import { HeldRefusals } from "../../dist/gateway/held-refusals.js";
import { eventually } from "../support/eventually.js";

const REFUSAL = new ApiError("RESOURCE_EXHAUSTED", "TOO_MANY_READS", "Too many reads.");

/** What an operation throws. */
function thrown(operation: () => Promise<unknown>): Promise<unknown> {
  return operation().then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("Refusals of reads", () => {
  it("are held before they are answered, and are the same then", async () => {
    const held = new HeldRefusals({ delayMs: 20, maximum: 10 });
    const answered = thrown(held.around(() => Promise.reject(REFUSAL)));
    await eventually("the refusal is held", () => held.size === 1);
    expect(await answered).to.equal(REFUSAL);
    expect(held.size).to.equal(0);
  });

  it("are answered at once where so many are held already: memory is bounded, whoever asks", async () => {
    const held = new HeldRefusals({ delayMs: 20, maximum: 2 });
    const refuse = held.around(() => Promise.reject(REFUSAL));
    const answers: unknown[] = [];
    const all = Promise.all(Array.from({ length: 5 }, () => thrown(refuse).then((error) => answers.push(error))));
    await eventually("three have their answer while two wait", () => answers.length === 3 && held.size === 2);
    await all;
    expect(answers).to.have.length(5);
  });

  it("are the only answers that are held", async () => {
    const held = new HeldRefusals({ delayMs: 60_000, maximum: 10 });
    expect(await held.around(async () => "a page")()).to.equal("a page");
    const missing = new ApiError("NOT_FOUND", "PAYMENT_NOT_FOUND", "There is no such payment.");
    expect(await thrown(held.around(() => Promise.reject(missing)))).to.equal(missing);
  });
});
