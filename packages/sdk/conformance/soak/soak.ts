/** `npm run soak`: options.ts says what it does and takes. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startBroker } from "@quittance/sdk/testing";
import { startArtemisBroker } from "../harness/artemis-broker.js";
import { judge } from "./judge.js";
import { HELP, OptionsError, parseOptions, type SoakOptions } from "./options.js";
import type { LoadReport } from "./run-load.js";

/** How soon a process must end that has closed everything. */
const EXIT_MS = 5_000;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** @returns the exit code */
export async function soak(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    return await run(options);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    process.stderr.write(`${error.message}\nSee npm run soak -- --help.\n`);
    return 2;
  }
}

async function run(options: SoakOptions): Promise<number> {
  say(`${options.minutes} minutes of ${options.rate} messages a second on ${options.broker}, seed ${options.seed}.`);
  await using broker = await startOwnBroker(options);
  const child = fork(fileURLToPath(new URL("./load-process.js", import.meta.url)), [
    JSON.stringify(options),
    broker.url,
  ]);
  const { report, endedByItself } = await watch(child);
  if (report === undefined) {
    say("failed: the load came to no end; its error stands above");
    say("0 passed, 1 failed");
    return 1;
  }
  const { amiss, resources, ...figures } = report;
  for (const [name, value] of Object.entries(figures)) say(`  ${name}: ${JSON.stringify(value)}`);
  const checks = judge(report, endedByItself);
  for (const { what, holds } of checks) say(holds ? `  holds: ${what}` : `failed: ${what}`);
  for (const what of amiss) say(`failed: ${what}`);
  if (!endedByItself) say(`failed: Node still waits for ${resources.join(", ")}`);
  const failed = checks.filter(({ holds }) => !holds).length;
  say(`${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** The broker is no part of the process whose memory and end are judged. */
async function startOwnBroker({ broker }: SoakOptions): Promise<AsyncDisposable & { readonly url: string }> {
  if (broker === "embedded") return startBroker({ autoCreate: true, maximumDeliveries: 1_000_000 });
  const artemis = await startArtemisBroker();
  return { url: artemis.url, [Symbol.asyncDispose]: () => artemis.stop() };
}

async function watch(
  child: ChildProcess,
): Promise<{ readonly report: LoadReport | undefined; readonly endedByItself: boolean }> {
  const exit = once(child, "exit");
  const reported = once(child, "message").then(([report]) => report as LoadReport);
  const report = await Promise.race([reported, exit.then(() => undefined)]);
  const isGone = await Promise.race([exit.then(() => true), sleep(EXIT_MS, false, { ref: false })]);
  if (!isGone) child.kill("SIGKILL");
  const [code] = (await exit) as [number | null];
  return { report, endedByItself: isGone && code === 0 };
}
