/** The whole system with a counting proxy between each service and its broker, and its database. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuardian } from "../../dist/stack/guardian.js";
import { type Stack, startStack } from "../../dist/stack/stack.js";
import { SERVICES, type ServiceName } from "../../dist/topology/system-table.js";
import { HoldingProxy } from "./wire/holding-proxy.js";

const START_TIMEOUT_MS = 120_000;
/** What a service does by the clock is no part of what a payment costs. */
const BY_THE_CLOCK = { BOOKS_AUDIT_SECONDS: "0", HOLD_SWEEP_SECONDS: "3600", MERCHANT_GUESSES_MAXIMUM: "0" };

/** What is counted for {@link isIdle}. */
const OF_THE_PROXY = /^(sent|received) (un)?settled$/;

/** The lines of one service. */
export interface CountedLines {
  readonly broker: HoldingProxy;
  readonly database: HoldingProxy | undefined;
}

export interface CountedStack {
  readonly stack: Stack;
  linesOf(service: ServiceName): CountedLines;
}

/** Gives the suite that calls it such a system, on the embedded broker, in plain text. */
export function useCountedStack(): () => CountedStack {
  let system: CountedStack | undefined;
  let close: (() => Promise<void>) | undefined;
  before(async function startSystem() {
    this.timeout(START_TIMEOUT_MS);
    [system, close] = await startCountedStack();
  });
  after(async function stopSystem() {
    this.timeout(60_000);
    await close?.();
  });
  return () => {
    if (system === undefined) throw new Error("The system runs only inside hooks and tests.");
    return system;
  };
}

/** Starts it with `broker`; whoever does must call the second of what it resolves with. */
export async function startCountedStack(
  broker: "embedded" | "artemis" = "embedded",
): Promise<[CountedStack, () => Promise<void>]> {
  const folder = mkdtempSync(join(tmpdir(), "quittance-counted-"));
  const proxies = new Map<string, HoldingProxy>();
  const environment = { ...process.env };
  Object.assign(process.env, BY_THE_CLOCK);
  const stack = await startStack({
    broker,
    database: "embedded",
    grpcPort: 0,
    httpPort: 0,
    guardian: startGuardian(),
    keysFile: join(folder, "keys.json"),
    route: async (service, text) => {
      const url = new URL(text);
      const protocol = url.protocol === "amqp:" ? "amqp" : "postgres";
      const proxy = await HoldingProxy.start({ port: Number(url.port), protocol });
      proxies.set(`${service} ${protocol}`, proxy);
      url.port = String(proxy.port);
      return url.href;
    },
  }).finally(() => {
    for (const name of Object.keys(BY_THE_CLOCK)) delete process.env[name];
    Object.assign(process.env, environment);
  });
  const linesOf = (service: ServiceName): CountedLines => {
    const line = proxies.get(`${service} amqp`);
    if (line === undefined) throw new Error(`${service} has no connection to the broker.`);
    return { broker: line, database: proxies.get(`${service} postgres`) };
  };
  const close = async () => {
    await stack.stop();
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    await rm(folder, { recursive: true, force: true });
  };
  return [{ stack, linesOf }, close];
}

/** Begins all counts of a system again from nothing. */
export function clearCounts({ linesOf }: CountedStack): void {
  for (const service of SERVICES) {
    const { broker, database } = linesOf(service);
    broker.tally.clear();
    database?.tally.clear();
  }
}

/** Whether a service has settled all that came to it, so that nothing more follows from it. */
export function isIdle({ linesOf }: CountedStack, service: ServiceName): boolean {
  const { tally } = linesOf(service).broker;
  return (["sent", "received"] as const).every((way) => tally.of(`${way} unsettled`) === tally.of(`${way} settled`));
}

/** What has passed on all lines, by service. */
export function countsOf({ linesOf }: CountedStack): Record<ServiceName, Record<string, number>> {
  const counts = SERVICES.map((service) => {
    const { broker, database } = linesOf(service);
    const all = Object.entries({ ...broker.tally.counts(), ...database?.tally.counts() });
    return [service, Object.fromEntries(all.filter(([what]) => !OF_THE_PROXY.test(what)))];
  });
  return Object.fromEntries(counts);
}
