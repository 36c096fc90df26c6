/** How many processes of each service run: `--instances client-bank=2,gateway=2`. */

import { SERVICES, type ServiceName } from "../topology/system-table.js";
import { OptionsError } from "./options-error.js";

/** The processes of each service that has not just one. */
export type Instances = Readonly<Partial<Record<ServiceName, number>>>;

/** The most processes of one service on one machine. */
export const MAXIMUM_INSTANCES = 8;

/**
 * Parses what the option was given.
 * @param lists each `service=number`, or several separated by commas.
 * @throws OptionsError
 */
export function parseInstances(lists: readonly string[]): Instances {
  const instances: Partial<Record<ServiceName, number>> = {};
  for (const item of lists.flatMap((list) => list.split(","))) {
    const { name, count } = parseItem(item.trim());
    if (instances[name] !== undefined) throw new OptionsError(`--instances names ${name} twice.`);
    instances[name] = count;
  }
  return instances;
}

function parseItem(item: string): { name: ServiceName; count: number } {
  const [name, count, ...more] = item.split("=");
  if (!name || count === undefined || more.length > 0) {
    throw new OptionsError(`--instances has "${item}": write service=number, such as client-bank=2,gateway=2.`);
  }
  if (!isService(name)) throw new OptionsError(`--instances names "${name}": the services are ${SERVICES.join(", ")}.`);
  if (!/^[0-9]{1,3}$/.test(count) || Number(count) < 1 || Number(count) > MAXIMUM_INSTANCES) {
    throw new OptionsError(`--instances has ${name}=${count}: it must be a number from 1 to ${MAXIMUM_INSTANCES}.`);
  }
  return { name, count: Number(count) };
}

function isService(name: string): name is ServiceName {
  return (SERVICES as readonly string[]).includes(name);
}
