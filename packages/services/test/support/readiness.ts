/** What services of a system say on `/readyz`. */
import type { TestStack } from "./stack-for-tests.js";

/** An answer of `/readyz`. */
export interface Readiness {
  readonly httpStatus: number;
  readonly failing?: Readonly<Record<string, string>>;
  readonly degraded?: Readonly<Record<string, string>>;
}

/** Asks a service of the system whether it is ready: of several instances, the first that is not answers for all. */
export async function readinessOf(system: TestStack, name: string): Promise<Readiness> {
  const instances = system.stack.services().filter((service) => service.name === name);
  const answers = await Promise.all(
    instances.map(async ({ healthPort }) => {
      const response = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
      return { httpStatus: response.status, ...((await response.json()) as object) };
    }),
  );
  return (answers.find(({ httpStatus }) => httpStatus !== 200) ?? answers[0]) as Readiness;
}
