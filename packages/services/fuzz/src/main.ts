/** `npm run fuzz`: options.ts says what it does and takes. */
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuardian } from "../../dist/stack/guardian.js";
import { type Stack, startStack } from "../../dist/stack/stack.js";
import { listenForStop } from "../../dist/stack/stop-signals.js";
import { type FuzzReport, runFuzz } from "./fuzz-run.js";
import { openGrpc } from "./grpc-case.js";
import { SECRETS } from "./hostile-values.js";
import { type FuzzOptions, HELP, OptionsError, parseOptions } from "./options.js";
import { watchOutput } from "./watched-output.js";

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Whose bad requests they are, and who pays meanwhile. */
const BAD_MERCHANT = "m-0001";
const GOOD_MERCHANT = "m-0010";

/** The good client may wait so long, on a machine that has other work: 99 of 100 payments are faster. */
const MAXIMUM_P99_MS = 5_000;
/** The gateway keeps less than this, however many requests came. */
const MAXIMUM_GATEWAY_MIB = 600;

async function fuzz(options: FuzzOptions, stack: Stack, leaks: () => string[], signal: AbortSignal): Promise<boolean> {
  const token = await stack.tokenOf(BAD_MERCHANT);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const client = openGrpc(stack.grpcPort);
  try {
    const report = await runFuzz({
      ...{ options, signal, say, secrets: [...SECRETS, token] },
      ports: { http: stack.httpPort, grpc: stack.grpcPort },
      tokens: { bad: token, good: await stack.tokenOf(GOOD_MERCHANT) },
      ...{ agent, client },
    });
    return tell(report, options, leaks(), gatewayMebibytes(stack));
  } finally {
    agent.destroy();
    client.close();
  }
}

function tell(report: FuzzReport, { seed }: FuzzOptions, leaks: readonly string[], mebibytes: number): boolean {
  const { requests, answers, good, failures } = report;
  const all = [...failures, ...leaks, ...good.failures];
  if (good.p99Ms > MAXIMUM_P99_MS) all.push(`99 of 100 good payments took up to ${Math.round(good.p99Ms)} ms.`);
  if (mebibytes > MAXIMUM_GATEWAY_MIB) all.push(`The gateway keeps ${mebibytes} MiB.`);
  say(`\n${requests} requests of seed ${seed}, answered:`);
  for (const [answer, count] of [...answers].sort(([, one], [, other]) => other - one)) say(`  ${count} ${answer}`);
  const p = `p50 ${Math.round(good.p50Ms)} ms, p99 ${Math.round(good.p99Ms)} ms`;
  say(`Beside them ${good.payments} good payments: ${good.failed} failed, ${p}. The gateway keeps ${mebibytes} MiB.`);
  for (const failure of all) say(`failed: ${failure}`);
  const failed = all.length;
  say(`${requests + good.payments - Math.min(failed, requests)} passed, ${failed} failed`);
  return failed === 0 && good.payments > 0;
}

/** Where Linux tells it; elsewhere 0. */
function gatewayMebibytes(stack: Stack): number {
  const pid = stack.services().find(({ name }) => name === "gateway")?.pid;
  try {
    const kibibytes = /VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Math.round(Number(kibibytes ?? 0) / 1_024);
  } catch {
    return 0;
  }
}

async function main(options: FuzzOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "quittance-fuzz-"));
  const guardian = startGuardian();
  const stopping = listenForStop(() => void guardian.hurry());
  const output = watchOutput(SECRETS);
  try {
    const stack = await startStack({
      ...{ broker: "embedded", database: "embedded", grpcPort: 0, httpPort: 0, guardian, signal: stopping.signal },
      keysFile: join(folder, "keys.json"),
      onOutput: output.take,
      onProgress: (text) => say(`  ${text}`),
    });
    try {
      return await fuzz(options, stack, output.leaks, stopping.signal);
    } finally {
      await stack.stop();
    }
  } finally {
    await guardian.close();
    stopping.close();
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  if (error instanceof OptionsError) process.stderr.write("See npm run fuzz -- --help.\n");
  process.exitCode = error instanceof OptionsError ? 2 : 1;
}
