/** Certificates of the cluster, made and renewed by cert-manager: one for each part that opens or takes connections. */
import { BROKER_CERTIFICATE, BROKERS } from "./broker-pair.js";
import type { Manifest, Value } from "./manifest.js";
import { isDoor, partLabels, WORKLOADS, type Workload } from "./service-manifests.js";

/** Where a pod finds its own certificate, and the authority of the others'. */
export const TLS_FOLDER = "/run/tls";
/** Renewed when a third of its life is left: two weeks in which a failed renewal is seen and fixed. */
const DURATION = "1080h";
const RENEW_BEFORE = "360h";

/** A name that all services have: Prometheus reaches pods by address, and checks this one. */
const METRICS_NAME = "quittance-metrics";

/** A certificate with the service's name as its common name: that is who it is to the broker. */
function certificateOf(name: string, dnsNames: readonly string[], secretName = `${name}-tls`): Manifest {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, labels: partLabels(name, "certificate") },
    spec: {
      secretName,
      commonName: name,
      ...(dnsNames.length === 0 ? {} : { dnsNames }),
      duration: DURATION,
      renewBefore: RENEW_BEFORE,
      privateKey: { algorithm: "ECDSA", size: 256, encoding: "PKCS8", rotationPolicy: "Always" },
      usages: ["digital signature", "server auth", "client auth"],
      issuerRef: { group: "cert-manager.io", kind: "Issuer", name: "quittance-ca" },
    },
  };
}

/** The names under which a Service is reached in its cluster. */
function namesOf(service: string): string[] {
  return [service, `${service}.quittance`, `${service}.quittance.svc`, `${service}.quittance.svc.cluster.local`];
}

/** The name of a broker's own pod, by which ArkMQ asks for its state. */
function podOf(broker: string): string {
  return `${broker}-ss-0.${broker}-hdls-svc.quittance.svc.cluster.local`;
}

/** Of the services, the migration, the broker and whoever reads its queues' lengths. */
export function certificates(): Manifest[] {
  return [
    ...WORKLOADS.map(({ name }) => certificateOf(name, [...namesOf(name), METRICS_NAME])),
    certificateOf("migrate", []),
    certificateOf("broker", [...namesOf("broker"), ...BROKERS.map(podOf)], BROKER_CERTIFICATE),
    certificateOf("broker-scaler", []),
  ];
}

/** What makes a Deployment of the base serve TLS: its certificate, and probes that speak it. */
export function tlsPatches(): Manifest[] {
  return WORKLOADS.flatMap((workload) => [
    deploymentPatch(workload),
    ...(isDoor(workload) ? [doorPatch(workload)] : []),
  ]);
}

function deploymentPatch({ name: service }: Workload): Manifest {
  const https = { httpGet: { scheme: "HTTPS" } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: service },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: "service",
              startupProbe: https,
              livenessProbe: https,
              readinessProbe: https,
              volumeMounts: [{ name: "tls", mountPath: TLS_FOLDER, readOnly: true }],
            },
          ],
          volumes: [tlsVolume(service)],
        },
      },
    },
  };
}

function tlsVolume(name: string): Value {
  return { name: "tls", secret: { secretName: `${name}-tls`, defaultMode: 0o440 } };
}

/** Behind TLS a proxy speaks HTTP/2 by ALPN, and no plain HTTP/2. */
function doorPatch({ name, ports: { grpc, http } }: Workload): Manifest {
  const ports = [grpc, http].filter((port) => port !== undefined);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { ports: ports.map((port) => ({ port, appProtocol: "https" })) },
  };
}
