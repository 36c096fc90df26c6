/**
 * A broker with the system's queues, users and rights, for tests of one service: embedded, or the real Artemis when
 * `QUITTANCE_TEST_BROKER` is `artemis`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";
import { BROKER_USERS, type BrokerUserName } from "../../dist/shared/queue-map.js";
import { startArtemis } from "../../dist/stack/artemis.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";

export interface SystemBroker {
  /** A connection as a user of the map, closed after the suite. */
  connectAs(user: BrokerUserName): Promise<Connection>;
  /** A URL with the user's name and password. */
  urlOf(user: BrokerUserName): string;
}

const PASSWORD = "of-tests";
const PASSWORDS = Object.fromEntries(BROKER_USERS.map((user) => [user, PASSWORD])) as Record<BrokerUserName, string>;

/** Gives the suite that calls it a broker of its own. */
export function useSystemBroker(): () => SystemBroker {
  let broker: SystemBroker | undefined;
  let close: (() => Promise<void>) | undefined;
  before(async function startSystemBroker() {
    this.timeout(90_000);
    const [url, stop] = process.env.QUITTANCE_TEST_BROKER === "artemis" ? await artemis() : await embedded();
    const connections: Connection[] = [];
    broker = {
      connectAs: async (user) => {
        const connection = await connect(url, { username: user, password: PASSWORD });
        connections.push(connection);
        return connection;
      },
      urlOf: (user) => url.replace("//", `//${user}:${PASSWORD}@`),
    };
    close = async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await stop();
    };
  });
  after(async function stopSystemBroker() {
    this.timeout(30_000);
    await close?.();
  });
  return () => {
    if (broker === undefined) throw new Error("The broker exists only inside hooks and tests.");
    return broker;
  };
}

async function embedded(): Promise<[string, () => Promise<void>]> {
  const broker = await startBroker(embeddedBrokerOptions(PASSWORDS));
  return [broker.url, () => broker.close()];
}

async function artemis(): Promise<[string, () => Promise<void>]> {
  const directory = await mkdtemp(join(tmpdir(), "quittance-system-broker-"));
  const broker = await startArtemis({ directory, passwords: PASSWORDS });
  return [
    broker.url,
    async () => {
      await broker.stop();
      await rm(directory, { recursive: true, force: true });
    },
  ];
}
