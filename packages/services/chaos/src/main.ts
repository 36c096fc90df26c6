/** `npm run chaos`: options.ts says what it does and takes. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { claimFolder, FolderTakenError } from "../../dist/stack/folder-owner.js";
import { type Guardian, startGuardian } from "../../dist/stack/guardian.js";
import { listenForStop } from "../../dist/stack/stop-signals.js";
import { runOperatorCommand } from "./operator-command.js";
import { type CampaignOptions, HELP, OptionsError, parseOptions } from "./options.js";
import { RequestBook } from "./request-book.js";
import { type RoundReport, runRound } from "./round.js";
import { formatSummary } from "./summary.js";
import { openSystem, type System } from "./system.js";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
/** Violations of a round that are shown, and payments whose stories are told. */
const MAXIMUM_SHOWN = 10;
const MAXIMUM_STORIES = 3;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Runs the rounds until one fails or all have held. @returns whether all held. */
async function runCampaign(options: CampaignOptions, guardian: Guardian, signal: AbortSignal): Promise<boolean> {
  const folder = join(resolve(ROOT, process.env.QUITTANCE_FOLDER ?? ".quittance"), "chaos");
  const claim = await claimFolder(folder, "npm run chaos");
  guardian.runFile(claim.path, claim.token);
  const system = await openSystem({
    broker: options.broker,
    instances: options.instances,
    folder,
    guardian,
    signal,
    onProgress: (text) => say(`  ${text}`),
  });
  const rounds: RoundReport[] = [];
  try {
    const book = new RequestBook();
    for (let place = 0; place < options.rounds && !signal.aborted; place += 1) {
      const round = await Promise.race([runRound(system, book, options.seed + place), aborted(signal)]);
      if (round === undefined) break;
      rounds.push(round);
      say(formatRound(round, `${place + 1}/${options.rounds}`));
      if (round.violations.length === 0) continue;
      await tellFailure(system, round, options);
      break;
    }
  } finally {
    await system.close();
  }
  const summary = formatSummary({ rounds, firstSeed: options.seed, broker: options.broker });
  say(`\n${summary}`);
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), options.summary ?? join(folder, "summary.md"));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, summary);
  const failed = rounds.filter(({ violations }) => violations.length > 0);
  for (const { seed, violations } of failed) say(`failed: the round of seed ${seed}: ${violations[0]?.what}`);
  say(`${rounds.length - failed.length} passed, ${failed.length} failed`);
  return rounds.length === options.rounds && failed.length === 0;
}

/** Resolves, with nothing, when the campaign is told to stop: the round under way is not judged. */
function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}

function formatRound(round: RoundReport, place: string): string {
  const { seed, callsAgain, fault, damages, payments, refunds, payouts, violations, durationMs } = round;
  const what = damages
    .map(
      ({ target, point, pauseMs }) =>
        `${target} ${point}${pauseMs === undefined ? "" : `, payments go on after ${pauseMs} ms`}`,
    )
    .join(", ");
  const mark = violations.length === 0 ? "held" : "FAILED";
  return `round ${place}, seed ${seed}: ${mark} after ${(durationMs / 1_000).toFixed(1)} s: ${fault} (${what || "nothing came of it"}); ${payments} payments, ${refunds} refunds, ${payouts} payouts${callsAgain ? "" : ", nobody called again"}`;
}

async function tellFailure(system: System, round: RoundReport, options: CampaignOptions): Promise<void> {
  for (const { what } of round.violations.slice(0, MAXIMUM_SHOWN)) say(`  VIOLATED: ${what}`);
  const more = round.violations.length - MAXIMUM_SHOWN;
  if (more > 0) say(`  and ${more} more`);
  const payments = new Set(round.violations.flatMap(({ paymentId }) => paymentId ?? []));
  for (const id of [...payments].slice(0, MAXIMUM_STORIES)) {
    const story = await runOperatorCommand(system, "explain", id);
    say(`\n${story.out}${story.err}`);
  }
  say(`To repeat it: npm run chaos -- --rounds 1 --seed ${round.seed} --broker ${options.broker}`);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else {
    const guardian = startGuardian();
    const stopping = listenForStop(() => void guardian.hurry());
    const held = await runCampaign(options, guardian, stopping.signal).finally(() => guardian.close());
    stopping.close();
    process.exitCode = held ? 0 : 1;
    // The round that was cut short still waits for what is gone.
    if (!held) process.exit();
  }
} catch (error) {
  const expected = error instanceof FolderTakenError;
  process.stderr.write(`${error instanceof Error ? (expected ? error.message : error.stack) : String(error)}\n`);
  if (error instanceof OptionsError) process.stderr.write("See npm run chaos -- --help.\n");
  process.exitCode = error instanceof OptionsError ? 2 : 1;
}
