/** Lines between services and their broker or database that break, freeze or crawl. */
import { DATABASE_SERVICES, SERVICES } from "../../../dist/topology/system-table.js";
import type { Random } from "../random.js";
import type { System } from "../system.js";
import type { Direction, LineProxy } from "../wire/line-proxy.js";
import { type Fault, pause, within } from "./fault.js";

/** How long the load may take to use a connection. */
const USED_WITHIN_MS = 5_000;

interface NamedProxy {
  readonly name: string;
  readonly proxy: LineProxy;
}

/** Each pair of a service and what it talks to. */
function linesOf(system: System): NamedProxy[] {
  const to = (server: "broker" | "database") => (service: (typeof SERVICES)[number]) => ({
    name: `${service} - ${server}`,
    proxy: system.proxyOf(service, server),
  });
  return [...SERVICES.map(to("broker")), ...DATABASE_SERVICES.map(to("database"))];
}

function harm(
  name: string,
  point: string,
  how: (proxy: LineProxy, random: Random) => Promise<void>,
  options: { readonly maximumLines: number } = { maximumLines: 8 },
): Fault {
  return {
    name,
    run: async ({ system, random, did }) => {
      const struck = random.sample(linesOf(system), random.between(1, options.maximumLines));
      await Promise.all(
        struck.map(({ name: target, proxy }) => {
          did({ target, point });
          return how(proxy, random);
        }),
      );
    },
  };
}

const DIRECTIONS: readonly (readonly Direction[])[] = [["to-server"], ["to-client"], ["to-server", "to-client"]];

export const cutLines = harm("lines are cut again and again", "cut", async (proxy, random) => {
  for (let times = random.between(1, 5); times > 0; times -= 1) {
    proxy.cut(random.pick(["close", "reset"]));
    await pause(random.between(0, 600));
  }
});

export const freezeLines = harm("lines carry nothing for a while", "frozen, then reset", async (proxy, random) => {
  proxy.freeze(random.pick(DIRECTIONS), { newLinesToo: true });
  await pause(random.between(500, 4_000));
  proxy.heal();
});

/** The hardest: nobody is ever told, and each side has to find out by itself. */
export const abandonLines = harm(
  "lines carry nothing any more, and nobody is told",
  "half-open",
  async (proxy, random) => {
    const directions = random.pick(DIRECTIONS);
    const frozen = Promise.withResolvers<void>();
    // In the middle of something: a line that nobody uses is missed by nobody.
    proxy.watch(({ sights }) => {
      if (sights.length === 0) return true;
      proxy.watch(undefined);
      proxy.freeze(directions, { newLinesToo: false });
      frozen.resolve();
      return false;
    });
    await within(USED_WITHIN_MS, frozen.promise);
    proxy.heal({ leaveStuck: true });
  },
  { maximumLines: 2 },
);

export const slowLines = harm("lines are slow", "slow", async (proxy, random) => {
  proxy.slow(random.between(20, 250));
  await pause(random.between(1_000, 4_000));
  proxy.heal();
});
