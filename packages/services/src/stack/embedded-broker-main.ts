/**
 * The embedded broker as a process of its own, so that it shares no event loop with the launcher and can die alone.
 * Reports its queues to Prometheus at `/metrics`, as the monitor does Artemis's. Reads BROKER_PORT and
 * BROKER_HEALTH_PORT (0: any), BROKER_PASSWORDS (JSON: a password for each user of the queue map), and TLS_CERT_FILE,
 * TLS_KEY_FILE and TLS_CA_FILE, with which it serves TLS and lets users log in by their certificates.
 */
import { startBroker } from "@quittance/sdk/testing";
import { observeQueues } from "../operator/monitor/observe-queues.js";
import { serveHealth } from "../platform/health.js";
import { createLogger } from "../platform/log.js";
import { startTelemetry } from "../platform/telemetry.js";
import { openTls } from "../platform/tls.js";
import { readTlsFiles } from "../platform/tls-files.js";
import type { BrokerUserName } from "../shared/queue-map.js";
import type { BrokerReadyMessage } from "./embedded-broker.js";
import { embeddedBrokerOptions } from "./embedded-broker-options.js";

/** When the launcher is gone, the services drain first; the guardian then ends this process, or else this limit does. */
const ORPHAN_TIMEOUT_MS = 12_000;

const passwords = JSON.parse(process.env.BROKER_PASSWORDS ?? "{}") as Record<BrokerUserName, string>;
const tlsFiles = process.env;
const { own, authorities } = readTlsFiles(tlsFiles);
const broker = await startBroker({
  ...embeddedBrokerOptions(passwords, own && authorities && { cert: own.cert, key: own.key, ca: authorities.ca }),
  host: "127.0.0.1",
  port: Number(process.env.BROKER_PORT ?? 0),
});
const telemetry = await startTelemetry("broker", {});
observeQueues(() => ({ queues: broker.queues() }));
const health = await serveHealth({
  host: "127.0.0.1",
  port: Number(process.env.BROKER_HEALTH_PORT ?? 0),
  checks: {},
  ...(own && { tls: openTls({ settings: tlsFiles, log: createLogger("broker", "info") }) }),
  expose: telemetry.expose,
});

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await broker.close();
  await health.close();
  process.exit(0);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
process.on("disconnect", () => setTimeout(() => void stop(), ORPHAN_TIMEOUT_MS));
process.send?.({ type: "ready", port: broker.port, health: health.port } satisfies BrokerReadyMessage);
