import { expect } from "chai";
import { runCampaign } from "./campaign.js";
import { SeededRandom } from "./seeded-random.js";

/** Repeats the draws of an earlier run. */
const SEED = "QUITTANCE_KILLS_SEED";

export interface CheckOptions {
  readonly brokerUrl: string;
  readonly deadLetterAddress: string;
  readonly kills: number;
}

/** Runs a campaign, and fails with its seed where anything is not as it must be. */
export async function checkCampaign(options: CheckOptions): Promise<void> {
  const given = process.env[SEED];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  const repeat = `Repeat it with ${SEED}=${seed}`;
  const report = await runCampaign({ ...options, random: new SeededRandom(seed) }).catch((error: unknown) => {
    throw new Error(`The campaign came to no end. ${repeat}`, { cause: error });
  });
  const { broken, ...counts } = report;
  expect(broken, `${repeat} (${JSON.stringify(counts)})`).to.deep.equal([]);
  const killed = Object.values(report.faults).reduce((sum, count) => sum + count, 0);
  expect(killed, repeat).to.equal(options.kills);
  expect(report.confirmed, repeat).to.be.greaterThan(options.kills);
}
