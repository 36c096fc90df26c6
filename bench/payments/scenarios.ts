/** The names of scenarios, and what they mean. */
import { SHAPES, type Shape } from "./orders.js";

/** What is offered. */
export type Load =
  /** So many callers, each of whom waits until its payment is final and makes the next. */
  | { readonly kind: "closed"; readonly inFlight: number }
  /** So many calls a second, whatever becomes of those before; latency counts from when each was due. */
  | { readonly kind: "open"; readonly rate: number }
  /** So many calls that do not wait, and the time until all are final. */
  | { readonly kind: "push"; readonly count: number }
  /** An open load while the broker stands still for so long, and the time until nothing waits any more. */
  | { readonly kind: "outage"; readonly seconds: number }
  /** The same while the broker is killed, and started again by whoever watches it. */
  | { readonly kind: "killed" };

export interface Scenario {
  readonly name: string;
  readonly load: Load;
  readonly shape: Shape;
}

export const DEFAULT_SCENARIOS = "closed1,closed128,closed600,closed1500,open50,open200,open500,open1000";
export const ALL_SCENARIOS = `${DEFAULT_SCENARIOS},closed600@hot-merchant,closed600@hot-client,push10000,outage1,outage10`;

/** @throws RangeError for a name that means nothing. */
export function parseScenarios(names: string): readonly Scenario[] {
  const list = names === "all" ? ALL_SCENARIOS : names;
  return list.split(",").map((name) => {
    const [, word, number, shape = "uniform"] = /^([a-z]+)(\d*)(?:@([a-z-]+))?$/.exec(name) ?? [];
    const load = word === undefined ? undefined : loadOf(word, Number(number));
    if (load === undefined || !isShape(shape)) {
      throw new RangeError(
        `"${name}" is no scenario: closed600, open200, push10000, outage1 or killed, and @ one of ${SHAPES.join(", ")}.`,
      );
    }
    return { name, load, shape };
  });
}

function loadOf(word: string, number: number): Load | undefined {
  if (word === "killed") return { kind: "killed" };
  if (!(number > 0)) return undefined;
  switch (word) {
    case "closed":
      return { kind: "closed", inFlight: number };
    case "open":
      return { kind: "open", rate: number };
    case "push":
      return { kind: "push", count: number };
    case "outage":
      return { kind: "outage", seconds: number };
    default:
      return undefined;
  }
}

function isShape(name: string): name is Shape {
  return (SHAPES as readonly string[]).includes(name);
}
