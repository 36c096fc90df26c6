/** Every public name of `@quittance/sdk/testing`: a broker in memory, for tests and for a first start without Java. */
import "../node-version.js";

export type { SaslMechanism } from "../connection.js";
export { startBroker } from "./broker.js";
export type {
  Broker,
  BrokerOptions,
  BrokerTlsOptions,
  BrokerUser,
  Fault,
  QueueFigures,
  RejectOptions,
  TopologyAddress,
  TopologySubscription,
} from "./broker-options.js";
export { processOver } from "./process-over.js";
