/**
 * Kills at chosen points of a step, which a proxy on the line sees on the wire: what would tell a process that the point
 * is behind it never arrives, and so the process dies, as far as it can know, exactly there.
 */
import type { ServiceName } from "../../../dist/shared/queue-map.js";
import type { Random } from "../random.js";
import type { System, Target } from "../system.js";
import type { Direction, LineProxy } from "../wire/line-proxy.js";
import { type Fault, pause, within } from "./fault.js";

/** How long the load may take to bring a service to the point. */
const REACHED_WITHIN_MS = 15_000;
/** How often the point is let pass before it counts, at most. */
const MAXIMUM_PASSES = 6;

type Step = readonly [Direction, string];

interface Point {
  readonly name: string;
  readonly server: "broker" | "database";
  readonly services: readonly ServiceName[];
  /** What passes on one line, in this order; the last of it is kept from its receiver. */
  readonly steps: readonly Step[];
}

const AFTER_COMMIT: Point = {
  name: "after the commit, before the send",
  server: "database",
  services: ["client-bank", "merchant-bank", "notification"],
  steps: [["to-client", "COMMIT"]],
};
const AFTER_SEND: Point = {
  name: "after the send, before its confirmation",
  server: "broker",
  services: ["gateway", "card-validation", "client-bank", "merchant-bank"],
  steps: [
    ["to-server", "transfer"],
    ["to-client", "disposition"],
  ],
};
const AFTER_CONFIRMATION: Point = {
  name: "after the confirmation, before the accept",
  server: "broker",
  services: ["card-validation", "client-bank", "merchant-bank"],
  steps: [
    ["to-server", "transfer"],
    ["to-client", "disposition"],
    ["to-server", "disposition"],
  ],
};

/** Whom the point strikes: the service itself, what it talks to, or the connection between them. */
type Struck = "service" | "server" | "line";

export const killAfterCommit = atPoint(AFTER_COMMIT, "service");
export const killAfterSend = atPoint(AFTER_SEND, "service");
export const killAfterConfirmation = atPoint(AFTER_CONFIRMATION, "service");
export const killDatabaseAfterCommit = atPoint(AFTER_COMMIT, "server");
export const killBrokerAfterSend = atPoint(AFTER_SEND, "server");
export const cutAfterCommit = atPoint(AFTER_COMMIT, "line");
export const cutAfterSend = atPoint(AFTER_SEND, "line");
export const cutAfterConfirmation = atPoint(AFTER_CONFIRMATION, "line");

function atPoint(point: Point, struck: Struck): Fault {
  const whom = { service: "a service is killed", server: `the ${point.server} is killed`, line: "a connection is cut" }[
    struck
  ];
  return {
    name: `${whom} ${point.name}`,
    run: async ({ system, random, did }) => {
      const service = random.pick(point.services);
      const proxy = system.proxyOf(service, point.server);
      const target: Target | undefined = struckTarget(system, point, struck, service);
      await reach(proxy, point.steps, random.between(0, MAXIMUM_PASSES), () => {
        if (target === undefined) proxy.cut("reset");
        else if (!system.kill(target)) return;
        did({ target: target ?? `${service} - ${point.server}`, point: point.name });
      });
      proxy.heal();
    },
  };
}

function struckTarget(system: System, point: Point, struck: Struck, service: ServiceName): Target | undefined {
  if (struck === "service") return service;
  // The embedded broker keeps nothing: the line to it is cut instead.
  return struck === "server" && (point.server === "database" || system.broker === "artemis") ? point.server : undefined;
}

/** Calls `strike` when the steps have passed on one line, for the time after `passes`; keeps the last from arriving. */
async function reach(proxy: LineProxy, steps: readonly Step[], passes: number, strike: () => void): Promise<boolean> {
  const progress = new WeakMap<object, number>();
  let left = passes;
  const reached = Promise.withResolvers<void>();
  proxy.watch(({ line, direction, sights }) => {
    for (const sight of sights) {
      const done = progress.get(line) ?? 0;
      const [expectedDirection, expected] = steps[done] as Step;
      if (direction !== expectedDirection || sight !== expected) continue;
      const last = done + 1 === steps.length;
      progress.set(line, last ? 0 : done + 1);
      if (!last || left-- > 0) continue;
      proxy.watch(undefined);
      strike();
      reached.resolve();
      return false;
    }
    return true;
  });
  return within(REACHED_WITHIN_MS, reached.promise);
}

/** A service is asked to stop, and killed while it drains: when it begins to leave the broker, or a moment after. */
export const killWhileItStops: Fault = {
  name: "a service is killed while it stops",
  run: async ({ system, random, did }) => {
    const service = random.pick([
      "gateway",
      "card-validation",
      "client-bank",
      "merchant-bank",
      "notification",
    ] as const);
    const pid = system.pidOf(service);
    if (pid === undefined) return;
    const strike = () => system.kill(service) && did({ target: service, point: "while it stops" });
    if (random.chance(0.5)) {
      process.kill(pid, "SIGTERM");
      await pause(random.between(0, 60));
      strike();
      return;
    }
    const proxy = system.proxyOf(service, "broker");
    const leaving = reach(proxy, [["to-server", random.pick(["detach", "close"])]], 0, strike);
    process.kill(pid, "SIGTERM");
    await leaving;
    proxy.heal();
  },
};

/** What was killed is killed once more while it comes back: once, or again and again. */
export const killWhileItStarts: Fault = {
  name: "something is killed while it starts",
  run: async ({ system, random, did }) => {
    const target = random.pick<Target>([
      "gateway",
      "client-bank",
      "merchant-bank",
      "notification",
      "broker",
      "database",
    ]);
    const spared = target === "broker" && system.broker === "embedded";
    await killWhileStarting(system, random, spared ? "card-validation" : target, did);
  },
};

async function killWhileStarting(
  system: System,
  random: Random,
  target: Target,
  did: (damage: { readonly target: string; readonly point: string }) => void,
): Promise<void> {
  const kind = target === "broker" || target === "database" ? target : "service";
  const again = random.between(1, 3);
  let starting = system.nextStart(kind);
  if (!system.kill(target)) return;
  for (let left = again; left > 0; left -= 1) {
    const pid = await starting;
    if (left > 1) starting = system.nextStart(kind);
    // A service says "attach" when it is nearly ready; the others have their moments by the clock.
    if (kind === "service" && random.chance(0.7)) {
      const proxy = system.proxyOf(target as ServiceName, "broker");
      const sight = random.pick(["open", "begin", "attach"]);
      const reached = await reach(proxy, [["to-server", sight]], 0, () => killStarted(pid));
      proxy.heal();
      // It lives, and nothing will be started.
      if (!reached) return;
    } else {
      await pause(random.between(0, kind === "broker" ? 2_500 : 300));
      killStarted(pid);
    }
  }
  function killStarted(pid: number): void {
    try {
      process.kill(pid, "SIGKILL");
      did({ target, point: "while it starts" });
    } catch {
      // It did not live so long.
    }
  }
}
