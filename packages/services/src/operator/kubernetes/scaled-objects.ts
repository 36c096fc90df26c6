/** How many pods a service has, by the length of the queues that it reads, which KEDA asks the broker for. */
import { ALL_CHANNELS, type Channel } from "../../shared/queue-map.js";
import { SERVICES, type ServiceName, SYSTEM } from "../../topology/system-table.js";
import type { Manifest, Value } from "./manifest.js";
import { isDoor, partLabels } from "./service-manifests.js";

/** The broker's name in its management's object names: the same for both of the pair. */
export const BROKER_NAME = "quittance";
const MINIMUM = 2;
const MAXIMUM = 8;
/**
 * Messages that may wait for each pod: what one finishes in about a second. Fewer, and pods come and go at each burst.
 */
const WAITING_PER_POD = 500;
const CPU_PERCENT = 70;

/** A durable queue of the broker with the one who reads it. */
interface QueueRead {
  readonly reader: string;
  readonly address: string;
  readonly queue: string;
  readonly routing: "anycast" | "multicast";
}

/** Every durable queue: that of a queue, or that of a topic's subscription. */
export function durableQueues(channels: readonly Channel[] = ALL_CHANNELS): QueueRead[] {
  return channels
    .filter(({ deliveryMode }) => deliveryMode === "persistent")
    .flatMap(({ address, kind, readers, subscriptions }) =>
      kind === "queue"
        ? readers.map((reader): QueueRead => ({ reader, address, queue: address, routing: "anycast" }))
        : subscriptions.map(
            ({ name, reader }): QueueRead => ({ reader, address, queue: `${name}:global`, routing: "multicast" }),
          ),
    );
}

/** One for each service, and what proves to the broker who asks. */
export function scaledObjects(): Manifest[] {
  return [AUTHENTICATION, ...SERVICES.map(scaledObjectOf)];
}

const AUTHENTICATION: Manifest = {
  apiVersion: "keda.sh/v1alpha1",
  kind: "TriggerAuthentication",
  metadata: { name: "broker-scaler", labels: partLabels("broker-scaler", "scaling") },
  spec: {
    secretTargetRef: [
      { parameter: "ca", name: "broker-scaler-tls", key: "ca.crt" },
      { parameter: "cert", name: "broker-scaler-tls", key: "tls.crt" },
      { parameter: "key", name: "broker-scaler-tls", key: "tls.key" },
    ],
  },
};

function scaledObjectOf(service: ServiceName): Manifest {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: service, labels: partLabels(service, "scaling") },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: service },
      minReplicaCount: MINIMUM,
      maxReplicaCount: MAXIMUM,
      pollingInterval: 10,
      cooldownPeriod: 300,
      // The broker does not answer: keep what is there rather than guess.
      ...(isDoor(SYSTEM[service])
        ? {}
        : { fallback: { failureThreshold: 6, replicas: MINIMUM, behavior: "currentReplicas" } }),
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 30 }] },
            scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
          },
        },
      },
      triggers: isDoor(SYSTEM[service])
        ? [{ type: "cpu", metricType: "Utilization", metadata: { value: String(CPU_PERCENT) } }]
        : durableQueues()
            .filter(({ reader }) => reader === service)
            .map(queueTrigger),
    },
  };
}

function queueTrigger({ address, queue, routing }: QueueRead): Value {
  const object = [
    `org.apache.activemq.artemis:broker="${BROKER_NAME}"`,
    "component=addresses",
    `address="${address}"`,
    "subcomponent=queues",
    `routing-type="${routing}"`,
    `queue="${queue}"`,
  ].join(",");
  return {
    type: "metrics-api",
    name: queue.replace(/[^a-z0-9]+/g, "-"),
    metadata: {
      url: `https://broker.quittance.svc:8778/jolokia/read/${encodeURI(object)}/MessageCount`,
      valueLocation: "value",
      targetValue: String(WAITING_PER_POD),
      authMode: "tls",
    },
    authenticationRef: { name: "broker-scaler" },
  };
}
