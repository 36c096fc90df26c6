import { expect } from "chai";
import { type Waiter, Waiters, type WaitOutcome } from "../../dist/gateway/waiters.js";
import type { PaymentView } from "../../dist/shared/messages.js";

const PAYMENT = { id: "pay_1" } as PaymentView;

function waiting(
  waiters: Waiters<PaymentView>,
  options: { forMs?: number; isGone?: () => boolean; ids?: string[] } = {},
) {
  const { promise, resolve } = Promise.withResolvers<WaitOutcome<PaymentView>>();
  const waiter: Waiter<PaymentView> = {
    ids: options.ids ?? ["pay_1"],
    untilMs: Date.now() + (options.forMs ?? 10_000),
    isGone: options.isGone ?? (() => false),
    end: resolve,
  };
  return { waiter, outcome: promise, added: waiters.add(waiter) };
}

describe("callers that wait", () => {
  let waiters: Waiters<PaymentView>;
  beforeEach(() => {
    waiters = new Waiters<PaymentView>({ maximum: 3 });
  });
  afterEach(() => waiters.close());

  it("are all woken when their payment is final", async () => {
    const [one, other] = [waiting(waiters), waiting(waiters)];
    waiters.wake(PAYMENT);
    expect(await one.outcome).to.deep.equal({ name: "final", answer: PAYMENT });
    expect(await other.outcome).to.deep.equal({ name: "final", answer: PAYMENT });
    expect(waiters.size).to.equal(0);
  });

  it("are woken once by whichever id their payment is recorded under", async () => {
    const both = waiting(waiters, { ids: ["pay_2", "pay_1"] });
    const other = waiting(waiters, { ids: ["pay_2"] });
    waiters.wake(PAYMENT);
    expect(await both.outcome).to.deep.equal({ name: "final", answer: PAYMENT });
    expect(waiters.size).to.equal(1);
    waiters.wake({ ...PAYMENT, id: "pay_2" });
    expect((await other.outcome).name).to.equal("final");
    expect(waiters.size).to.equal(0);
  });

  it("end by themselves when their time is over, and when the caller is gone", async () => {
    const short = waiting(waiters, { forMs: 20 });
    let gone = false;
    const left = waiting(waiters, { isGone: () => gone });
    expect(await short.outcome).to.deep.equal({ name: "over" });
    expect(waiters.size).to.equal(1);
    gone = true;
    expect(await left.outcome).to.deep.equal({ name: "over" });
    expect(waiters.size).to.equal(0);
  });

  it("are no more than there is room for", () => {
    const added = [1, 2, 3, 4].map(() => waiting(waiters).added);
    expect(added).to.deep.equal([true, true, true, false]);
    expect(waiters.size).to.equal(3);
  });

  it("can be taken out one by one, and then hear nothing", async () => {
    const [one, other] = [waiting(waiters), waiting(waiters)];
    waiters.remove(one.waiter);
    waiters.remove(one.waiter);
    expect(waiters.size).to.equal(1);
    waiters.wake(PAYMENT);
    expect((await other.outcome).name).to.equal("final");
  });

  it("all end when the gateway stops, which takes no more", async () => {
    const one = waiting(waiters);
    waiters.close();
    expect(await one.outcome).to.deep.equal({ name: "over" });
    expect(waiting(waiters).added).to.equal(false);
  });

  it("are not disturbed by replies to payments that nobody waits for", () => {
    waiting(waiters);
    waiters.wake({ ...PAYMENT, id: "pay_2" });
    expect(waiters.size).to.equal(1);
  });
});
