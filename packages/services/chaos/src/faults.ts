/** What a round breaks: drawn by its seed, and brought back before the round is judged. */
import type { House, Target } from "./house.js";
import type { Random } from "./random.js";

/** What was done to whom, for the summary. */
export interface Damage {
  readonly target: string;
  readonly point: string;
}

export interface FaultContext {
  readonly house: House;
  readonly random: Random;
  /** Tells what was done. */
  readonly did: (damage: Damage) => void;
}

export interface Fault {
  readonly name: string;
  /** Breaks something, and resolves when nothing is broken on purpose any more. */
  run(context: FaultContext): Promise<void>;
}

const SERVICES: readonly Target[] = ["gateway", "card-validation", "client-bank", "merchant-bank", "notification"];
/** Later kills of a round come within this time of the first. */
const SPREAD_MS = 2_500;

/** Whom a round may kill: an embedded broker keeps nothing, so that killing it would lose messages as it must. */
export function targetsOf(house: House): readonly Target[] {
  return house.broker === "artemis" ? [...SERVICES, "broker", "database"] : [...SERVICES, "database"];
}

function killAtRandom(name: string, draw: (random: Random, house: House) => Target[]): Fault {
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

/** In turn, so that twenty rounds have each of them. */
export const FAULTS: readonly Fault[] = [
  killAtRandom("one service is killed", (random) => [random.pick(SERVICES)]),
  killAtRandom("the broker is killed", (random, house) => [
    house.broker === "artemis" ? "broker" : random.pick(SERVICES),
  ]),
  killAtRandom("the database is killed", () => ["database"]),
  killAtRandom("several are killed", (random, house) => random.sample(targetsOf(house), random.between(2, 4))),
  killAtRandom("everything is killed", (random, house) => random.sample(targetsOf(house), 7)),
];

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
