/** What services of a house say on `/readyz`. */
import type { TestStack } from "./stack-for-tests.js";

/** An answer of `/readyz`. */
export interface Readiness {
  readonly httpStatus: number;
  readonly failing?: Readonly<Record<string, string>>;
  readonly degraded?: Readonly<Record<string, string>>;
}

/** Asks a service of the house whether it is ready. */
export async function readinessOf(house: TestStack, name: string): Promise<Readiness> {
  const service = house.stack.services().find((one) => one.name === name);
  const response = await fetch(`http://127.0.0.1:${service?.healthPort}/readyz`);
  return { httpStatus: response.status, ...((await response.json()) as object) };
}
