/** Processes that are killed at a random moment, one or several. */

import type { ServiceName } from "../../../dist/shared/queue-map.js";
import { SERVICES } from "../../../dist/topology/system-table.js";
import type { House, Target } from "../house.js";
import type { Random } from "../random.js";
import { type Fault, pause } from "./fault.js";

/** The pause before each kill of a round, at most. */
const SPREAD_MS = 2_000;

/** Whom a round may kill: an embedded broker keeps nothing, so that killing it would lose messages as it must. */
function targetsOf(house: House): readonly Target[] {
  return house.broker === "artemis" ? [...SERVICES, "broker", "database"] : [...SERVICES, "database"];
}

function killAtRandom(name: string, draw: (random: Random, house: House) => readonly Target[]): Fault {
  return {
    name,
    run: async ({ house, random, did }) => {
      for (const target of draw(random, house)) {
        await pause(random.between(0, SPREAD_MS));
        if (house.kill(target)) did({ target, point: "at a random moment" });
      }
    },
  };
}

const anyService = (random: Random): ServiceName => random.pick(SERVICES);

export const killService = killAtRandom("a service is killed", (random) => [anyService(random)]);
export const killBroker = killAtRandom("the broker is killed", (random, house) =>
  house.broker === "artemis" ? ["broker"] : [anyService(random)],
);
export const killDatabase = killAtRandom("the database is killed", () => ["database"]);
export const killSeveral = killAtRandom("several are killed", (random, house) =>
  random.sample(targetsOf(house), random.between(2, 4)),
);
export const killAll = killAtRandom("everything is killed", (random, house) =>
  random.sample(targetsOf(house), SERVICES.length + 2),
);
