/**
 * Who opens connections to whom. Whatever is not an arrow here is refused by the networks of containers, and is tried
 * in their test.
 */
import { ALL_CHANNELS, BROKER_USERS, consumersOf, type ServiceName } from "../shared/queue-map.js";

/** The parts of the system that run in places of their own. `outside` is whoever is none of them. */
export type Part = ServiceName | "broker" | "database";

export interface Arrow {
  /** Who opens the connection. */
  readonly from: Part | "outside";
  /** Who is connected to, and on which TCP ports. */
  readonly to: Part | "outside";
  readonly ports: readonly number[];
  readonly purpose: string;
}

/** The ports that services listen on in production. */
export const PORTS = { grpc: 50_051, http: 8_080, health: 8_081, amqp: 5_672, postgresql: 5_432, https: 443 } as const;

/** Everybody with a user of the broker but the operator, who is a person. */
const SERVICES = BROKER_USERS.filter((user): user is ServiceName => user !== "operator");

/** Services with a schema of their own in the database. */
const KEEP_STATE: readonly ServiceName[] = ["client-bank", "merchant-bank", "notification"];

/** Every part. */
export const PARTS: readonly Part[] = [...SERVICES, "broker", "database"];

const talks = (service: ServiceName) =>
  ALL_CHANNELS.some(({ writers }) => writers.some((writer) => writer === service)) ||
  ALL_CHANNELS.some((channel) => consumersOf(channel).includes(service));

/** Every arrow. */
export const ARROWS: readonly Arrow[] = [
  { from: "outside", to: "gateway", ports: [PORTS.grpc, PORTS.http], purpose: "merchants call the API" },
  ...SERVICES.filter(talks).map(
    (service): Arrow => ({ from: service, to: "broker", ports: [PORTS.amqp], purpose: "sends and receives messages" }),
  ),
  ...KEEP_STATE.map(
    (service): Arrow => ({ from: service, to: "database", ports: [PORTS.postgresql], purpose: "keeps its schema" }),
  ),
  { from: "notification", to: "outside", ports: [PORTS.https], purpose: "posts webhooks" },
];
