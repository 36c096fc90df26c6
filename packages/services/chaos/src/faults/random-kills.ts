/** Processes that are killed at a random moment, one or several. */

import type { ServiceName } from "../../../dist/shared/queue-map.js";
import { SERVICES } from "../../../dist/topology/system-table.js";
import type { Random } from "../random.js";
import type { System, Target } from "../system.js";
import { type Fault, pause } from "./fault.js";

/** The pause before each kill of a round, at most. */
const SPREAD_MS = 2_000;

/** Whom a round may kill: an embedded broker keeps nothing, so that killing it would lose messages as it must. */
function targetsOf(system: System): readonly Target[] {
  return system.broker === "artemis" ? [...SERVICES, "broker", "database"] : [...SERVICES, "database"];
}

function killAtRandom(name: string, draw: (random: Random, system: System) => readonly Target[]): Fault {
  return {
    name,
    run: async ({ system, random, did }) => {
      for (const target of draw(random, system)) {
        await pause(random.between(0, SPREAD_MS));
        if (system.kill(target)) did({ target, point: "at a random moment" });
      }
    },
  };
}

const anyService = (random: Random): ServiceName => random.pick(SERVICES);

export const killService = killAtRandom("a service is killed", (random) => [anyService(random)]);
export const killBroker = killAtRandom("the broker is killed", (random, system) =>
  system.broker === "artemis" ? ["broker"] : [anyService(random)],
);
export const killDatabase = killAtRandom("the database is killed", () => ["database"]);
export const killSeveral = killAtRandom("several are killed", (random, system) =>
  random.sample(targetsOf(system), random.between(2, 4)),
);
export const killAll = killAtRandom("everything is killed", (random, system) =>
  random.sample(targetsOf(system), SERVICES.length + 2),
);
