/** The broker of a stack: embedded, a real Artemis, or one that runs already. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BROKER_USERS, type BrokerUserName } from "../shared/queue-map.js";
import { SERVICES } from "../topology/system-table.js";
import { startArtemisPair } from "./artemis-pair.js";
import { type BrokerLogins, withLogin } from "./broker-users.js";
import { startEmbeddedBroker } from "./embedded-broker.js";
import { type ArtemisSupervision, type GuardedArtemis, startGuardedArtemis } from "./guarded-artemis.js";
import { brokerPasswords } from "./secrets.js";
import { type Supervisable, type Supervision, supervise } from "./supervisor.js";

export interface StackBroker {
  /** For people: what it is and where. */
  readonly description: string;
  /** A URL with that user's name and password. */
  urlOf(user: BrokerUserName): string;
  /** Absent for a broker that is not ours. */
  readonly supervision?: Supervision<Supervisable>;
  /** The process of a pair that waits for the end of the other; undefined while none does. */
  standby?(): number | undefined;
  /** Where it reports its queues at `/metrics` by itself: only the embedded broker does. */
  readonly healthPort?: number;
  /** Whether it keeps its messages when its process dies. */
  readonly durable: boolean;
}

export interface StackBrokerOptions extends ArtemisSupervision {
  readonly broker: "embedded" | "artemis" | "artemis-pair" | URL;
  /** The login of each service, for a broker that runs already; without it all log in as the URL says. */
  readonly brokerLogins?: BrokerLogins | undefined;
}

/** Starts the broker, or takes the one that was named as it is. */
export async function startStackBroker(options: StackBrokerOptions): Promise<StackBroker> {
  const { broker } = options;
  if (broker instanceof URL) {
    const { brokerLogins } = options;
    return {
      description: `broker at ${broker.host}; ${describeLogins(broker, brokerLogins)}`,
      urlOf: (user) => (brokerLogins === undefined ? broker.href : withLogin(broker, brokerLogins[user])),
      durable: true,
    };
  }
  const passwords = brokerPasswords();
  const urlOf = (user: BrokerUserName, port: number) => {
    if (options.certificates === undefined) return `amqp://${user}:${passwords[user]}@127.0.0.1:${port}`;
    // A service logs in by its certificate, and a person by a password.
    const isService = (SERVICES as readonly string[]).includes(user);
    return `amqps://${isService ? "" : `${user}:${passwords[user]}@`}localhost:${port}`;
  };
  const { onEvent, signal, maximumDelayMs } = options;
  const supervised = { name: "broker", onEvent, signal, maximumDelayMs };
  if (broker === "embedded") {
    const supervision = await supervise({
      ...supervised,
      start: (previous: Awaited<ReturnType<typeof startEmbeddedBroker>> | undefined) =>
        startEmbeddedBroker({
          ...options,
          passwords,
          port: previous?.ready.port ?? 0,
          healthPort: previous?.ready.health ?? 0,
        }),
    });
    const { port, health } = supervision.current.ready;
    return {
      description: `embedded AMQP 1.0 broker on 127.0.0.1:${port}`,
      urlOf: (user) => urlOf(user, port),
      supervision,
      healthPort: health,
      durable: false,
    };
  }
  if (broker === "artemis-pair") {
    const { ports, ...pair } = await startArtemisPair(options, passwords);
    return {
      description: `Apache Artemis, a pair on ${ports.map((port) => `127.0.0.1:${port}`).join(" and ")}`,
      urlOf: (user) => ports.map((port) => urlOf(user, port)).join(","),
      ...pair,
      durable: true,
    };
  }
  const directory = mkdtempSync(join(options.brokerFolder ?? tmpdir(), "quittance-artemis-"));
  options.guardian.path(directory);
  const supervision = await supervise({
    ...supervised,
    start: (previous: GuardedArtemis | undefined) =>
      startGuardedArtemis(options, {
        directory,
        passwords,
        certificates: options.certificates,
        ...(previous && { port: previous.port }),
      }),
  });
  const { port } = supervision.current;
  return {
    description: `Apache Artemis on 127.0.0.1:${port}`,
    urlOf: (user) => urlOf(user, port),
    supervision,
    durable: true,
  };
}

/** Rights are worth something only where each service has a user of its own. */
function describeLogins(broker: URL, logins: BrokerLogins | undefined): string {
  const users = new Set(Object.values(logins ?? {}).map(({ user }) => user));
  if (users.size === BROKER_USERS.length) return "each service has a user of its own";
  if (users.size > 1) return `the services and the operator share ${users.size} users`;
  const [user = decodeURIComponent(broker.username)] = users;
  const whose = user === "" ? "without a user" : `as ${user}`;
  return `every service logs in ${whose} and may do what that one may: --broker-users gives each its own`;
}
