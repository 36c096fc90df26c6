/** A broker whose addresses hold a few messages and refuse the rest, while the service that reads one of them is away. */
import { readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { consumersOf, DURABLE_CHANNELS } from "../../../dist/shared/queue-map.js";
import { SERVICES } from "../../../dist/topology/system-table.js";
import type { System } from "../system.js";
import { type Fault, pause } from "./fault.js";

/** Room for about ten messages of the cycle on each address. */
const FULL_AT_BYTES = 12_000;
/** Artemis looks for a changed configuration every five seconds, and takes address settings over at once. */
const TAKEN_OVER_AFTER_MS = 6_000;
const PILING_UP_MS = { minimum: 2_000, maximum: 5_000 };

const READERS = SERVICES.filter((service) =>
  DURABLE_CHANNELS.some((channel) => consumersOf(channel).includes(service)),
);

export const fillBroker: Fault = {
  name: "the broker is full",
  run: async ({ system, random, did }) => {
    const reader = random.pick(READERS);
    const file = await configurationOf(system);
    const original = file && (await readFile(file, "utf8"));
    if (file !== undefined && original !== undefined) {
      await writeFile(file, refusing(original));
      await pause(TAKEN_OVER_AFTER_MS);
    }
    try {
      const resume = await system.stack.hold(reader);
      did({ target: file === undefined ? reader : "broker", point: file === undefined ? "away" : "full" });
      await pause(random.between(PILING_UP_MS.minimum, PILING_UP_MS.maximum));
      await resume();
    } finally {
      if (file !== undefined && original !== undefined) await writeFile(file, original);
    }
  },
};

/** Artemis runs in its instance's folder; Linux tells which that is. Undefined for another broker or system. */
async function configurationOf(system: System): Promise<string | undefined> {
  const pid = system.pidOf("broker");
  if (system.broker !== "artemis" || pid === undefined) return undefined;
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return folder === undefined ? undefined : join(folder, "etc/broker.xml");
}

function refusing(xml: string): string {
  return xml
    .replaceAll(/<max-size-bytes>\d+</g, `<max-size-bytes>${FULL_AT_BYTES}<`)
    .replaceAll("<address-full-policy>PAGE<", "<address-full-policy>FAIL<");
}
