/**
 * A system with two gateways in front of one broker and one PostgreSQL. All can be killed and started again: for
 * what must hold whichever door a call comes through, and whatever was restarted in between.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@quittance/sdk/testing";
import pg from "pg";
import { createDevelopmentKeys, mintToken } from "../../dist/operator/development-token.js";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import { startArtemis } from "../../dist/stack/artemis.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { startPostgres } from "../../dist/stack/postgres.js";
import { prepareDatabase } from "../../dist/stack/prepare-database.js";
import { brokerPasswords, createKeys } from "../../dist/stack/secrets.js";
import { environmentOf, type StackEnvironment } from "../../dist/stack/service-table.js";
import { databaseOf, SERVICES } from "../../dist/topology/system-table.js";
import { ApiClient } from "../gateway/api-client.js";
import { testGuardian } from "./database-for-tests.js";
import { startService, type TestService } from "./services-for-tests.js";
import { TEST_BROKER } from "./stack-for-tests.js";

const ISSUER = "quittance-tests";
const AUDIENCE = "quittance";

export interface TwoGateways {
  /** A merchant's client of each gateway. */
  clientsOf(merchantId: string): Promise<readonly [ApiClient, ApiClient]>;
  /** Runs a statement as the superuser, who sees every schema. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs `work` while a service stands still: whatever that service has to say is said afterwards. */
  whileStopped<Result>(service: ServiceName, work: () => Promise<Result>): Promise<Result>;
  /** Kills services, broker and PostgreSQL, and starts them again: what PostgreSQL holds is what is left. */
  restartEverything(): Promise<void>;
}

/** Gives the suite that calls it such a system. */
export function useTwoGateways(): () => TwoGateways {
  let system: TwoGateways | undefined;
  const closing: (() => Promise<unknown>)[] = [];
  before(async function startSystem() {
    this.timeout(180_000);
    system = await start(closing);
  });
  after(async function stopSystem() {
    this.timeout(60_000);
    for (const close of closing.toReversed()) await close();
  });
  return () => {
    if (system === undefined) throw new Error("The system runs only inside hooks and tests.");
    return system;
  };
}

async function start(closing: (() => Promise<unknown>)[]): Promise<TwoGateways> {
  const server = await startPostgres({ guardian: testGuardian() });
  closing.push(() => server.stop());
  const keys = createKeys();
  const { passwords } = await prepareDatabase({ url: server.url, keys });
  const broker = await restartableBroker();
  closing.push(() => broker.remove());
  closing.push(() => broker.stop());

  const merchantKeys = await createDevelopmentKeys();
  const stack: StackEnvironment = {
    brokerUrlOf: (service) => broker.urlOf(service),
    databaseUrlOf: (service) => {
      const url = new URL(server.url);
      url.username = databaseOf(service).role;
      url.password = passwords[service];
      return url.href;
    },
    keys,
    authentication: { AUTH_JWKS: merchantKeys.jwks, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE },
    grpcPort: 0,
    httpPort: 0,
  };
  const names: readonly ServiceName[] = ["gateway", ...SERVICES];
  const services: TestService[] = [];
  closing.push(() => Promise.all(services.map((service) => service.stop())));
  for (const name of names) services.push(await startService({ name, environment: environmentOf(name, stack) }));
  const gateways = names.flatMap((name, place) => (name === "gateway" ? [services[place] as TestService] : []));

  const clients: ApiClient[] = [];
  closing.push(async () => clients.forEach((client) => void client.close()));
  return {
    clientsOf: async (merchantId) => {
      const token = await mintToken(merchantKeys, { merchantId, issuer: ISSUER, audience: AUDIENCE });
      const [first, second] = gateways.map(({ ports }) => {
        const client = new ApiClient({
          grpcAddress: `127.0.0.1:${ports.grpc}`,
          httpUrl: `http://127.0.0.1:${ports.http}`,
          token,
        });
        clients.push(client);
        return client;
      });
      return [first as ApiClient, second as ApiClient];
    },
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      try {
        return (await client.query<Row>(sql, [...values])).rows;
      } finally {
        await client.end();
      }
    },
    whileStopped: async (name, work) => {
      const stopped = services.filter((_, place) => names[place] === name);
      for (const { pid } of stopped) process.kill(pid, "SIGSTOP");
      try {
        return await work();
      } finally {
        for (const { pid } of stopped) process.kill(pid, "SIGCONT");
      }
    },
    restartEverything: async () => {
      await Promise.all(services.map((service) => service.kill("SIGKILL")));
      await broker.stop();
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      await server.restart();
      await broker.start();
      for (const service of services) await service.restart();
    },
  };
}

/** The broker that `QUITTANCE_TEST_BROKER` names, which comes back on the same port. */
async function restartableBroker() {
  const passwords = brokerPasswords();
  const directory = await mkdtemp(join(tmpdir(), "quittance-two-gateways-"));
  const open = async (port: number) => {
    if (TEST_BROKER === "artemis") return startArtemis({ directory, passwords, port });
    const embedded = await startBroker({ ...embeddedBrokerOptions(passwords), port });
    return { port: embedded.port, stop: () => embedded.close() };
  };
  let current = await open(0);
  const { port } = current;
  return {
    urlOf: (user: ServiceName) => `amqp://${user}:${passwords[user]}@127.0.0.1:${port}`,
    start: async () => {
      current = await open(port);
    },
    stop: () => current.stop(),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
