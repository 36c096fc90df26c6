/**
 * Overload: a normal load, then ten times what the system can do, then the normal load again. Tells how much memory that
 * took, what became of every payment, and how soon latency was normal again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startGuardian } from "@quittance/services/dist/stack/guardian.js";
import { type Stack, startStack } from "@quittance/services/dist/stack/stack.js";
import pg from "pg";
import { type OfferedLoad, offer, type Phase, until } from "./offered-load.js";
import { useOf } from "./process-use.js";
import { quantile } from "./quantile.js";

const MERCHANTS = 8;
const OVERLOAD_FACTOR = 10;
/** The normal load as a part of the sustainable one. */
const NORMAL_PART = 0.3;
/** How much work may stand in line: what the system finishes in so many seconds. */
const SECONDS_IN_LINE = 2;
const NORMAL_SECONDS = 5;
const AFTER_SECONDS = 10;
/** Calls at once that find out what is sustainable. */
const CALLS_AT_ONCE = 200;
const SETTLE_TIMEOUT_MS = 120_000;

const HELP = `npm run bench:overload -- [options]
  --broker embedded|artemis   [embedded]
  --seconds <n>               how long it is overloaded [15]
`;

/** Runs the bench; see the file's first lines. */
export async function benchOverload(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: "string", default: "embedded" },
      seconds: { type: "string", default: "15" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return {};
  }
  const broker = values.broker === "artemis" ? "artemis" : "embedded";
  const sustainable = await withSystem(broker, async (_stack, load) => {
    await load.closed({ atOnce: CALLS_AT_ONCE, seconds: 5 });
    const { finals, seconds } = await load.closed({ atOnce: CALLS_AT_ONCE, seconds: 5 });
    return finals / seconds;
  });
  // As docs/operating/pressure.md advises; the gateway of the second system takes it from our environment.
  process.env.MAXIMUM_IN_FLIGHT ??= String(Math.max(CALLS_AT_ONCE, Math.round(sustainable * SECONDS_IN_LINE)));
  return withSystem(broker, async (stack, load, pool) => ({
    broker,
    maximumInFlight: Number(process.env.MAXIMUM_IN_FLIGHT),
    ...(await measure(stack, load, pool, { sustainable, seconds: Number(values.seconds) })),
  }));
}

/** Runs `work` on a system of its own. */
async function withSystem<T>(
  broker: "embedded" | "artemis",
  work: (stack: Stack, load: OfferedLoad, pool: pg.Pool) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-overload-"));
  const stack = await startStack({
    broker,
    database: "embedded",
    grpcPort: 0,
    httpPort: 0,
    guardian: startGuardian(),
    keysFile: join(folder, "keys.json"),
  });
  const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  const merchants = Array.from({ length: MERCHANTS }, (_, index) => `m-${String(index + 1).padStart(4, "0")}`);
  const load = await offer(stack.grpcPort, await Promise.all(merchants.map((merchant) => stack.tokenOf(merchant))));
  try {
    return await work(stack, load, pool);
  } finally {
    load.close();
    await pool.end();
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  stack: Stack,
  load: OfferedLoad,
  pool: pg.Pool,
  { sustainable, seconds }: { readonly sustainable: number; readonly seconds: number },
): Promise<object> {
  const normalRate = sustainable * NORMAL_PART;
  // A cold system is not the normal one.
  await load.closed({ atOnce: CALLS_AT_ONCE, seconds: 5 });
  await load.idle();
  const before = await load.open({ perSecond: normalRate, seconds: NORMAL_SECONDS });
  const memory = new Memory(stack);
  await memory.sample("before");
  memory.start();
  const overload = await load.open({ perSecond: sustainable * OVERLOAD_FACTOR, seconds });
  const after = await load.open({ perSecond: normalRate, seconds: AFTER_SECONDS });
  memory.stop();
  await load.idle();
  await memory.sample("after");

  const accepted = load.accepted();
  const recorded = await settled(pool, accepted.size);
  const lost = [...accepted].filter((id) => recorded.get(id) === undefined).length;
  const unfinished = [...recorded.values()].filter((state) => state === "PENDING").length;
  return {
    sustainablePerSecond: Math.round(sustainable),
    before: figuresOf(before),
    overload: figuresOf(overload),
    after: figuresOf(after),
    secondsUntilNormal: secondsUntilNormal(before, after),
    accepted: accepted.size,
    lost,
    unfinished,
    rssMegabytes: memory.figures(),
  };
}

function figuresOf(phase: Phase): object {
  const finals = Float64Array.from(phase.calls.flatMap((call) => (call.final ? [call.tookMs] : []))).sort();
  const refused = Float64Array.from(phase.calls.flatMap((call) => (call.refusal ? [call.tookMs] : []))).sort();
  const reasons: Record<string, number> = {};
  for (const { refusal } of phase.calls) if (refusal) reasons[refusal] = (reasons[refusal] ?? 0) + 1;
  return {
    offeredPerSecond: Math.round(phase.calls.length / phase.seconds),
    notOffered: phase.notOffered,
    finalPerSecond: Math.round(finals.length / phase.seconds),
    latencyMs: { p50: quantile(finals, 0.5), p99: quantile(finals, 0.99) },
    refusalMs: { p50: quantile(refused, 0.5), p99: quantile(refused, 0.99) },
    refused: reasons,
  };
}

/**
 * The first second of `after` from whose beginning on no call was refused and the median and the 95th percentile of
 * latency were at most twice those of `before`, or 50 ms above; null when there is none.
 */
function secondsUntilNormal(before: Phase, after: Phase): number | null {
  const latencies = (calls: Phase["calls"]) => Float64Array.from(calls.map(({ tookMs }) => tookMs)).sort();
  const usual = latencies(before.calls);
  const isUsual = (calls: Phase["calls"]) =>
    calls.every(({ final }) => final) &&
    [0.5, 0.95].every((part) => {
      const normal = quantile(usual, part);
      return quantile(latencies(calls), part) <= Math.max(normal * 2, normal + 50);
    });
  for (let second = 0; second < AFTER_SECONDS; second += 1) {
    const rest = Array.from({ length: AFTER_SECONDS - second }, (_, index) =>
      after.calls.filter(({ startMs }) => Math.floor(startMs / 1_000) === second + index),
    );
    if (rest.every(isUsual)) return second;
  }
  return null;
}

/** States by payment id, when as many as were accepted are final, or the time is over. */
async function settled(pool: pg.Pool, accepted: number): Promise<Map<string, string>> {
  await until(SETTLE_TIMEOUT_MS, async () => {
    const { rows } = await pool.query<{ final: string }>(
      "SELECT count(*)::text AS final FROM client_bank.payments WHERE state <> 'PENDING'",
    );
    return Number(rows[0]?.final) >= accepted;
  });
  const { rows } = await pool.query<{ id: string; state: string }>("SELECT id, state FROM client_bank.payments");
  return new Map(rows.map(({ id, state }) => [id, state]));
}

/** Resident memory of the processes: before, the most, after. */
class Memory {
  readonly #stack: Stack;
  readonly #seen: Record<string, { before: number; most: number; after: number }> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  start(): void {
    this.#timer = setInterval(() => void this.sample("most"), 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async sample(when: "before" | "most" | "after"): Promise<void> {
    const known = new Map(this.#stack.services().map(({ pid, name }) => [pid, name]));
    for (const [name, { rssMegabytes }] of Object.entries(await useOf(process.pid, known))) {
      const seen = this.#seen[name] ?? { before: 0, most: 0, after: 0 };
      this.#seen[name] = seen;
      if (when !== "most") seen[when] = rssMegabytes;
      seen.most = Math.max(seen.most, rssMegabytes);
    }
  }

  /** The process that offers the load is left out: it is no part of the system. */
  figures(): object {
    const { launcher: _bench, ...system } = this.#seen;
    return system;
  }
}
