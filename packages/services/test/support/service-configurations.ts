/** What each service of the table reads from its environment, from the file of its folder that says so. */
import type { z } from "zod";
import { SERVICES, type ServiceName, SYSTEM } from "../../dist/topology/system-table.js";

/** The variables of a service's own, with their schemas: `<name>Configuration` in its `configuration.ts`. */
async function configurationOf(service: ServiceName): Promise<z.ZodRawShape> {
  const { program } = SYSTEM[service];
  const module = (await import(`../../dist/${program}/configuration.js`)) as Readonly<Record<string, z.ZodRawShape>>;
  const name = `${program.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase())}Configuration`;
  const shape = module[name];
  if (shape === undefined) throw new Error(`${program}/configuration.ts exports no ${name}.`);
  return shape;
}

export const SERVICE_CONFIGURATIONS = Object.fromEntries(
  await Promise.all(SERVICES.map(async (service) => [service, await configurationOf(service)])),
) as Readonly<Record<ServiceName, z.ZodRawShape>>;
