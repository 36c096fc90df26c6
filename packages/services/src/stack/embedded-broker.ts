/** Starts the embedded broker's process. */
import { fileURLToPath } from "node:url";
import type { BrokerUserName } from "../shared/queue-map.js";
import type { Guardian } from "./guardian.js";
import { type NodeProcess, startNodeProcess } from "./node-process.js";
import type { StackCertificates } from "./stack-certificates.js";

/** What the broker's process tells its parent once it listens. */
export interface BrokerReadyMessage {
  readonly type: "ready";
  readonly port: number;
  /** Where `/livez`, `/readyz` and `/metrics` answer. */
  readonly health: number;
}

/** When the guardian ends things, the broker comes after the services and before the database. */
export const BROKER_GUARDIAN_ORDER = 2;

/** Starts the broker on 127.0.0.1. `port` 0 takes a free one; give the port of before at a restart. */
export function startEmbeddedBroker(options: {
  readonly port: number;
  readonly healthPort: number;
  readonly passwords: Readonly<Record<BrokerUserName, string>>;
  readonly certificates?: StackCertificates | undefined;
  readonly guardian: Guardian;
  readonly onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
}): Promise<NodeProcess<BrokerReadyMessage>> {
  return startNodeProcess<BrokerReadyMessage>({
    name: "broker",
    script: fileURLToPath(new URL("./embedded-broker-main.js", import.meta.url)),
    environment: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      BROKER_PORT: String(options.port),
      BROKER_HEALTH_PORT: String(options.healthPort),
      BROKER_PASSWORDS: JSON.stringify(options.passwords),
      ...options.certificates?.environmentOf("broker"),
    },
    guardian: options.guardian,
    order: BROKER_GUARDIAN_ORDER,
    onOutput: options.onOutput,
    stopTimeoutMs: 3_000,
  });
}
