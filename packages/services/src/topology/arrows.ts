/**
 * Who opens connections to whom, from the table of the system. Whatever is not an arrow here is refused by the networks
 * of containers, and is tried in their test.
 */
import { ALL_CHANNELS, consumersOf } from "../shared/queue-map.js";
import { PORTS, SERVICES, type ServiceName, SYSTEM } from "./system-table.js";

export { PORTS };

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

/** Every part. */
export const PARTS: readonly Part[] = [...SERVICES, "broker", "database"];

/** Every arrow. */
export const ARROWS: readonly Arrow[] = [
  ...SERVICES.flatMap(calledFromOutside),
  ...SERVICES.filter(talks).map(
    (service): Arrow => ({ from: service, to: "broker", ports: [PORTS.amqp], purpose: "sends and receives messages" }),
  ),
  ...SERVICES.filter((service) => SYSTEM[service].database !== undefined).map(
    (service): Arrow => ({ from: service, to: "database", ports: [PORTS.postgresql], purpose: "keeps its schema" }),
  ),
  ...SERVICES.flatMap(callsOutside),
];

function calledFromOutside(service: ServiceName): Arrow[] {
  const { grpc, http } = SYSTEM[service].ports;
  const ports = [grpc, http].filter((port) => port !== undefined);
  return ports.length === 0 ? [] : [{ from: "outside", to: service, ports, purpose: "merchants call the API" }];
}

function callsOutside(service: ServiceName): Arrow[] {
  const { outside } = SYSTEM[service];
  return outside === undefined ? [] : [{ from: service, to: "outside", ...outside }];
}

function talks(service: ServiceName): boolean {
  return ALL_CHANNELS.some((channel) => channel.writers.includes(service) || consumersOf(channel).includes(service));
}
