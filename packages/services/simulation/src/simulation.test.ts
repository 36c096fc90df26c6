import { expect } from "chai";
import { catchBug, runCampaign, storyOf } from "./campaign.js";
import { DELIBERATE_BUGS } from "./deliberate-bugs.js";
import { runSchedule } from "./run-schedule.js";
import { SEEDS_OF_FOUND_BUGS } from "./seeds-of-found-bugs.js";

/** How long `npm test` simulates. */
const SECONDS = 10;
/** The first of the seeds that `npm test` runs: always the same, so that what fails fails again. */
const FIRST_SEED = 1;
/** What a deliberate bug may take to be caught; it takes a hundred at most, mostly. */
const MAXIMUM_SCHEDULES = 2_000;

describe("The payment cycle, simulated", function () {
  this.timeout(120_000);

  it(`keeps every promise in as many schedules as fit into ${SECONDS} s`, async () => {
    const summary = await runCampaign({ firstSeed: FIRST_SEED, maximumSeconds: SECONDS });
    expect(summary.failures.map((failure) => storyOf(failure)).join("\n\n")).to.equal("");
    expect(summary.schedules).to.be.greaterThan(0);
    expect(summary.distinct, "each seed is a schedule of its own").to.equal(summary.schedules);
  });

  it("is the same schedule for the same seed", async () => {
    const first = await runSchedule(7);
    const again = await runSchedule(7);
    expect(again).to.deep.equal(first);
  });

  for (const { seed, found } of SEEDS_OF_FOUND_BUGS) {
    it(`keeps every promise in the schedule of seed ${seed}, which found: ${found}`, async () => {
      const result = await runSchedule(seed);
      expect(result.offences, storyOf(result)).to.deep.equal([]);
    });
  }
});

describe("The mutation check of the simulation", function () {
  this.timeout(300_000);

  for (const bug of DELIBERATE_BUGS) {
    it(`catches "${bug.name}", in a schedule that is clean without it`, async function () {
      const caught = await catchBug({ bug, firstSeed: FIRST_SEED, maximumSchedules: MAXIMUM_SCHEDULES });
      if (caught === undefined) throw new Error(`${MAXIMUM_SCHEDULES} schedules did not catch it.`);
      // The seed is told where the test is: it is another one after every change of the services' steps.
      if (this.test !== undefined) this.test.title += ` (seed ${caught.seed}: ${caught.offences[0]?.slice(0, 100)})`;
      expect((await runSchedule(caught.seed)).offences).to.deep.equal([]);
    });
  }
});
