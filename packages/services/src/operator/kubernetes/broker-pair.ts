/**
 * Two brokers of ArkMQ on one journal: the one that has locked it serves, the other waits for the lock. Services
 * connect to the Service `broker`, which leads to the one that is ready.
 */
import { PORTS } from "../../topology/system-table.js";
import { brokerProperties } from "./broker-properties.js";
import type { Manifest, Value } from "./manifest.js";
import { BROKER_NAME } from "./scaled-objects.js";
import { CONTAINER_SECURITY, POD_SECURITY, partLabels } from "./service-manifests.js";

/** Secrets are mounted there by ArkMQ, each in a folder of its name. */
const SECRETS = "/amq/extra/secrets";
const JOURNAL = "/journal";
/** The Secret of the broker's certificate: ArkMQ looks for it under this name. */
export const BROKER_CERTIFICATE = "broker-cert";
/** The pair, by name. */
export const BROKERS = ["broker-a", "broker-b"] as const;

/** Artemis 2.54: CVE-2026-27446 and CVE-2026-32642 concern releases before 2.53. Digests as ArkMQ 2.2.0 lists them. */
const VERSION = {
  image:
    "quay.io/arkmq-org/arkmq-org-broker-kubernetes@sha256:c4676a4647e8fac743453f1e0e6a08107a9bd7989215b39bb3ea583317366f73",
  initImage:
    "quay.io/arkmq-org/arkmq-org-broker-init@sha256:45c3184c51abc7b378d696953df53eaa463464eb85f36377851ab9a486f1556f",
};

/** One acceptor, for AMQP alone. A client's certificate is asked for and need not be there: users have passwords too. */
const ACCEPTOR = {
  host: "0.0.0.0",
  port: PORTS.amqps,
  protocols: "AMQP",
  sslEnabled: true,
  enabledProtocols: "TLSv1.2,TLSv1.3",
  keyStoreType: "PEMCFG",
  keyStorePath: "/amq/extra/configmaps/broker-pem/certificate.pemcfg",
  trustStoreType: "PEMCA",
  trustStorePath: `${SECRETS}/${BROKER_CERTIFICATE}/ca.crt`,
  sslAutoReload: true,
  wantClientAuth: true,
  saslMechanisms: "PLAIN,EXTERNAL",
  securityDomain: "activemq",
};

function ownProperties(): string[] {
  return [
    "HAPolicyConfiguration=SHARED_STORE_PRIMARY",
    `journalDirectory=${JOURNAL}/journal`,
    `bindingsDirectory=${JOURNAL}/bindings`,
    `pagingDirectory=${JOURNAL}/paging`,
    `largeMessagesDirectory=${JOURNAL}/large-messages`,
    "acceptorConfigurations.amqps.factoryClassName=org.apache.activemq.artemis.core.remoting.impl.netty.NettyAcceptorFactory",
    ...Object.entries(ACCEPTOR).map(([name, value]) => `acceptorConfigurations.amqps.params.${name}=${value}`),
  ];
}

/** Both brokers, and what they share. */
export function brokerPair(): Manifest[] {
  const labels = partLabels("broker", "broker");
  return [
    ...BROKERS.map(brokerOf),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "broker", labels },
      spec: {
        type: "ClusterIP",
        selector: { ...labels, "app.kubernetes.io/part-of": "quittance" },
        ports: [
          { name: "amqps", port: PORTS.amqps, targetPort: PORTS.amqps },
          { name: "jolokia", port: 8_778, targetPort: 8_778 },
        ],
      },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "broker", labels },
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: "AlwaysAllow",
        selector: { matchLabels: { ...labels, "app.kubernetes.io/part-of": "quittance" } },
      },
    },
  ];
}

function brokerOf(name: string): Manifest {
  const labels = partLabels("broker", "broker");
  const podLabels = {
    ...labels,
    "app.kubernetes.io/instance": "quittance",
    "app.kubernetes.io/part-of": "quittance",
    "app.kubernetes.io/managed-by": "kustomize",
  };
  return {
    apiVersion: "broker.arkmq.org/v1beta2",
    kind: "Broker",
    metadata: { name, labels },
    spec: {
      // Both have one name: whoever asks a queue's length need not know which of them serves.
      env: [{ name: "AMQ_NAME", value: BROKER_NAME }],
      brokerProperties: [...ownProperties(), ...brokerProperties()],
      deploymentPlan: {
        ...VERSION,
        size: 1,
        // The journal is on the claim that both have, not on one of each.
        persistenceEnabled: false,
        labels: podLabels,
        extraMounts: { configMaps: ["broker-pem"], secrets: ["broker-jaas-config", BROKER_CERTIFICATE] },
        extraVolumes: [{ name: "journal", persistentVolumeClaim: { claimName: "broker-journal" } }],
        extraVolumeMounts: [{ name: "journal", mountPath: JOURNAL }],
        resources: {
          requests: { cpu: "1", memory: "1Gi" },
          limits: { cpu: "2", memory: "2Gi" },
        },
        podSecurityContext: POD_SECURITY,
        containerSecurityContext: CONTAINER_SECURITY,
        // Only the one that has the lock listens: so only it is ready.
        readinessProbe: { tcpSocket: { port: PORTS.amqps }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 1 },
        affinity: { podAntiAffinity: apart(labels) },
      },
    },
  };
}

/** Never both on one node. */
function apart(labels: { readonly [key: string]: string }): Value {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: labels } },
    ],
  };
}
