/** Many schedules one after the other, and what is to be said of them together. */
import { type Mutation, runSchedule, type ScheduleResult } from "./run-schedule.js";

export interface CampaignSummary {
  readonly schedules: number;
  /** Orders of events that differ. */
  readonly distinct: number;
  readonly steps: number;
  readonly payments: number;
  readonly refunds: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What processes were about to do when they were killed, and how often. */
  readonly killPoints: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** The schedules in which something was wrong. */
  readonly failures: readonly ScheduleResult[];
}

/** A campaign ends early when it has so many failures to tell. */
const MAXIMUM_FAILURES = 5;

/** Runs the schedules of `firstSeed` and of those that follow, until the time or their number is up. */
export async function runCampaign(options: {
  readonly firstSeed: number;
  readonly maximumSeconds: number;
  readonly maximumSchedules?: number;
  readonly onProgress?: (schedules: number, seconds: number) => void;
}): Promise<CampaignSummary> {
  const { firstSeed, maximumSeconds, maximumSchedules = Number.POSITIVE_INFINITY, onProgress } = options;
  const digests = new Set<string>();
  const faults: Record<string, number> = {};
  const killPoints: Record<string, number> = {};
  const failures: ScheduleResult[] = [];
  const totals = { schedules: 0, steps: 0, payments: 0, refunds: 0 };
  // The process's own clock: a schedule puts its own in its place only while it runs.
  const startMs = performance.now();
  const seconds = () => (performance.now() - startMs) / 1_000;
  while (totals.schedules < maximumSchedules && seconds() < maximumSeconds && failures.length < MAXIMUM_FAILURES) {
    const result = await runSchedule((firstSeed + totals.schedules) >>> 0);
    totals.schedules += 1;
    totals.steps += result.steps;
    totals.payments += result.payments;
    totals.refunds += result.refunds;
    digests.add(result.digest);
    for (const [name, count] of Object.entries(result.faults)) faults[name] = (faults[name] ?? 0) + count;
    for (const point of result.killPoints) killPoints[point] = (killPoints[point] ?? 0) + 1;
    if (result.offences.length > 0) failures.push(result);
    onProgress?.(totals.schedules, seconds());
  }
  return { ...totals, distinct: digests.size, faults, killPoints, seconds: seconds(), failures };
}

/** What was wrong in a schedule, and how it came to it. */
export function storyOf({ seed, offences, story }: ScheduleResult, lines = 60): string {
  return [
    `Seed ${seed}:`,
    ...offences.map((offence) => `  ${offence}`),
    "Its last steps:",
    ...story.slice(-lines),
  ].join("\n");
}

/** The first schedule that catches a deliberate bug, or undefined when none does. */
export async function catchBug(options: {
  readonly bug: Mutation;
  readonly firstSeed: number;
  readonly maximumSchedules: number;
}): Promise<ScheduleResult | undefined> {
  const { bug, firstSeed, maximumSchedules } = options;
  for (let number = 0; number < maximumSchedules; number += 1) {
    const result = await runSchedule((firstSeed + number) >>> 0, bug);
    if (result.offences.length > 0) return result;
  }
  return undefined;
}
