/**
 * `npm run simulate -- [--seconds 60] [--seed <first>] [--schedules <most>] [--points]`: runs schedules and tells how
 * many, how fast, and how many of them were distinct; with `--points`, too, where processes were killed. A failed one is told with its seed; `--seed <it> --schedules 1` runs it again.
 */
import { parseArgs } from "node:util";
import { runCampaign, storyOf } from "./campaign.js";

const HELP = `Usage: npm run simulate -- [--seconds 60] [--seed <first>] [--schedules <most>] [--points]`;

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}.\n${HELP}`);
  return Number(text);
}

async function main(args: readonly string[]): Promise<number> {
  const text = { type: "string" } as const;
  const options = {
    seconds: text,
    seed: text,
    schedules: text,
    points: { type: "boolean" },
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  // Of another day other schedules, unless they are asked for.
  const firstSeed = wholeNumber("seed", values.seed) ?? Date.now() % 2 ** 32;
  const maximumSchedules = wholeNumber("schedules", values.schedules);
  const summary = await runCampaign({
    firstSeed,
    maximumSeconds: wholeNumber("seconds", values.seconds) ?? 60,
    ...(maximumSchedules !== undefined && { maximumSchedules }),
    ...(process.stderr.isTTY && {
      onProgress: (schedules, seconds) => {
        if (schedules % 100 === 0) process.stderr.write(`\r${schedules} schedules in ${seconds.toFixed(0)} s`);
      },
    }),
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  for (const failure of summary.failures) console.log(`${storyOf(failure)}\n`);
  const { schedules, distinct, steps, payments, refunds, seconds } = summary;
  const perMinute = Math.round((schedules / seconds) * 60);
  console.log(`${schedules} schedules from seed ${firstSeed} in ${seconds.toFixed(1)} s: ${perMinute} a minute`);
  console.log(`${distinct} distinct orders of events, ${steps} events, ${payments} payments, ${refunds} refunds`);
  console.log(
    `faults: ${Object.entries(summary.faults)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ")}`,
  );
  const points = Object.entries(summary.killPoints).sort(([, a], [, b]) => b - a);
  console.log(`processes killed at ${points.length} distinct points`);
  if (values.points === true) for (const [point, count] of points) console.log(`${String(count).padStart(7)} ${point}`);
  console.log(`${summary.failures.length} failed`);
  return summary.failures.length === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
