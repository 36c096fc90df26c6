/** Two brokers of Artemis with one store: one serves, and the other takes over when it ends. */
import { mkdtempSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PairMember } from "../operator/broker-configuration.js";
import type { BrokerUserName } from "../shared/queue-map.js";
import { freePort } from "./free-ports.js";
import { type ArtemisSupervision, type GuardedArtemis, startGuardedArtemis } from "./guarded-artemis.js";
import { type Supervision, supervise } from "./supervisor.js";

/** One that ended is not started again before the other serves, which has the machine for itself to take over; or so long. */
const TAKE_OVER_MS = 30_000;
const POLL_MS = 100;

export interface ArtemisPair {
  /** Of the primary and the backup, whichever serves. */
  readonly ports: readonly [number, number];
  /** Both as one; its process is that of the one that serves. */
  readonly supervision: Supervision<GuardedArtemis>;
  /** The process that waits; undefined while none does. */
  standby(): number | undefined;
}

/** Starts the primary, and then the backup, which waits. */
export async function startArtemisPair(
  options: ArtemisSupervision,
  passwords: Readonly<Record<BrokerUserName, string>>,
): Promise<ArtemisPair> {
  const folder = mkdtempSync(join(options.brokerFolder ?? tmpdir(), "quittance-artemis-"));
  options.guardian.path(folder);
  const store = join(folder, "store");
  await mkdir(store);
  const members: Supervision<GuardedArtemis>[] = [];
  const untilOneServes = async () => {
    const isWaitedFor = () => members.some(({ current }) => current.isWaiting());
    const bound = Date.now() + TAKE_OVER_MS;
    while (isWaitedFor() && Date.now() < bound && !options.signal.aborted) {
      if (members.some(({ current }) => current.isActive())) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const start = async (role: PairMember["role"]) => {
    const port = await freePort();
    const supervision = await supervise({
      name: `broker (${role})`,
      onEvent: options.onEvent,
      signal: options.signal,
      maximumDelayMs: options.maximumDelayMs,
      start: async (previous: GuardedArtemis | undefined) => {
        if (previous !== undefined) await untilOneServes();
        return startGuardedArtemis(options, {
          ...{ directory: join(folder, role), passwords, port, pair: { role, store } },
          certificates: options.certificates,
        });
      },
    });
    members.push(supervision);
    return { supervision, port };
  };
  const primary = await start("primary");
  const backup = await start("backup").catch(async (error: unknown) => {
    await primary.supervision.stop();
    throw error;
  });
  return {
    ports: [primary.port, backup.port],
    supervision: bothOf(members),
    standby: () => members.find(({ current }) => current.isWaiting())?.current.pid,
  };
}

/** Both as one: its process is that of the one that serves. */
function bothOf(members: readonly Supervision<GuardedArtemis>[]): Supervision<GuardedArtemis> {
  const [primary] = members as [Supervision<GuardedArtemis>];
  return {
    get current() {
      return members.find(({ current }) => current.isActive())?.current ?? primary.current;
    },
    hold: async () => {
      const resumes = await Promise.all(members.map((member) => member.hold()));
      return async () => {
        await Promise.all(resumes.map((resume) => resume()));
      };
    },
    restart: async () => {
      await Promise.all(members.map((member) => member.restart()));
    },
    // The one that waits first: it would take over.
    stop: async () => {
      const waiting = members.filter(({ current }) => !current.isActive());
      for (const member of [...waiting, ...members.filter((member) => !waiting.includes(member))]) await member.stop();
    },
  };
}
