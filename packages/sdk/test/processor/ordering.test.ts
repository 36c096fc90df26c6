import { expect } from "chai";
import { IN, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

const GROUPS = ["a", "b", "c", "d", "e"];

describe("A processor that keeps groups in order", () => {
  it("handles each group in order and never at once, while different groups are handled at once", async () => {
    await using step = await StepFixture.start();
    await sendGrouped(step, 200);
    const running = new Set<string>();
    const order = new Map<string, number[]>();
    let mostAtOnce = 0;
    let overlaps = 0;
    const processor = await step.open({
      batch: { maximumSize: 10, concurrency: 4, orderedByGroup: true },
      async handle(batch) {
        const groups = new Set(batch.map(({ message }) => message.groupId ?? ""));
        for (const group of groups) {
          overlaps += running.has(group) ? 1 : 0;
          running.add(group);
        }
        mostAtOnce = Math.max(mostAtOnce, running.size);
        await new Promise((resolve) => setImmediate(resolve));
        for (const { body, message } of batch) {
          const group = message.groupId ?? "";
          order.set(group, [...(order.get(group) ?? []), body.amount]);
        }
        for (const group of groups) {
          running.delete(group);
        }
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 200);
    expect(overlaps).to.equal(0);
    expect(mostAtOnce).to.be.greaterThan(1);
    for (const [group, amounts] of order) {
      expect(amounts, `group ${group}`).to.deep.equal(amounts.toSorted((one, other) => one - other));
    }
    expect([...order.keys()]).to.have.members(GROUPS);
  });

  it("holds a group while its message fails, tries it in memory, and sets it aside before the next", async () => {
    await using step = await StepFixture.start();
    await sendGrouped(step, 20);
    const seen: number[] = [];
    const processor = await step.open({
      batch: { maximumSize: 20, concurrency: 2, orderedByGroup: true },
      maximumDeliveries: 3,
      classify: () => "permanent",
      handle(batch) {
        const bad = batch.find(({ body }) => body.amount === 5);
        if (bad !== undefined) {
          if (batch.length === 1) {
            seen.push(bad.body.amount);
          }
          throw new TypeError("broken");
        }
        seen.push(...batch.flatMap(({ body, message }) => (message.groupId === "a" ? [body.amount] : [])));
        return passOn(batch);
      },
    });
    await until("all are settled", () => processor.counts.handled === 19 && processor.counts.deadLettered === 1);
    expect(seen).to.deep.equal([0, 5, 5, 5, 10, 15]);
    expect(step.eventNames()).to.not.include("released");
    const [letter] = await step.take("dead", 1);
    expect(letter?.properties.dead_letter_error_class).to.equal("permanent");
  });
});

/** Sends payments whose amount is their place, and whose group is the next of five. */
async function sendGrouped(step: StepFixture, count: number): Promise<void> {
  await using producer = await step.connection.createProducer(IN);
  await producer.sendAll(
    payments(count).map((json, n) => ({ message: { json, groupId: GROUPS[n % GROUPS.length] ?? "" } })),
  );
}
