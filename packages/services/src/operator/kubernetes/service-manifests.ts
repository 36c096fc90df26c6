/** The services as Kubernetes runs them: each a Deployment with an account and a disruption budget of its own. */
import { PORTS, SERVICES, SYSTEM } from "../../topology/system-table.js";
import type { Manifest, Value } from "./manifest.js";

/** What runs in the cluster: set by the `images` of an overlay. No image has this digest, so a missing one is seen. */
export const IMAGE = `quittance@sha256:${"0".repeat(64)}`;
/** The image's own user. */
const USER = 65_532;
/** The image's program shows it: see docs/operating/kubernetes.md. */
export const SECRETS_FOLDER = "/run/secrets/quittance";
/** Variables that hold secrets only where something optional is switched on: a component adds them. */
const OPTIONAL_SECRETS: ReadonlySet<string> = new Set([
  "WEBHOOK_SECRET",
  "WEBHOOK_SECRETS",
  "WEBHOOK_SEALING_KEYS",
  "SMTP_URL",
]);

/**
 * Seconds between the end of a pod's endpoints and SIGTERM: until then proxies may still send it calls. With the 9.5 s
 * that a drain takes at most, the grace has room to spare.
 */
const PRE_STOP_SECONDS = 5;
const GRACE_SECONDS = 30;

interface Size {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: string; readonly memory: string };
}

/**
 * From the overload bench (bench/README.md): the gateway went to 311 MB under ten times what the system could do, and
 * nobody else needed more than 70 MB above its own 90 to 120. A process uses one core, and V8's helpers a part of one.
 */
const DOOR_SIZE: Size = { requests: { cpu: "500m", memory: "256Mi" }, limits: { cpu: "2", memory: "512Mi" } };
const WORKER_SIZE: Size = { requests: { cpu: "250m", memory: "160Mi" }, limits: { cpu: "1", memory: "320Mi" } };
const SCRATCH = { request: "64Mi", limit: "128Mi" } as const;

/** Labels of the recommended set that differ from part to part; the kustomization adds the others. */
export function partLabels(name: string, component: string): { readonly [key: string]: string } {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/component": component };
}

/** What runs all the time and is ours: a service, or the monitor of the broker's queues. */
export interface Workload {
  readonly name: string;
  /** The first argument of the image's program. */
  readonly program: string;
  readonly ports: { readonly grpc?: number; readonly http?: number; readonly health: number };
  /** Variables that hold secrets, and are always needed; each is a key of the Secret with the workload's name. */
  readonly secrets: readonly string[];
  readonly replicas: number;
}

/** Every one of them. The monitor is no service of the payment cycle: it reads the broker's figures for Prometheus. */
export const WORKLOADS: readonly Workload[] = [
  ...SERVICES.map((name) => {
    const { program, ports, secrets } = SYSTEM[name];
    return {
      name,
      program,
      ports,
      secrets: secrets.filter((variable) => !OPTIONAL_SECRETS.has(variable)),
      replicas: 2,
    };
  }),
  { name: "monitor", program: "monitor", ports: { health: PORTS.health }, secrets: ["BROKER_URL"], replicas: 1 },
];

/** Every workload's objects. */
export function serviceManifests(): Manifest[] {
  return WORKLOADS.flatMap((workload) => [
    serviceAccount(workload.name, "service"),
    ...(isDoor(workload) ? [doorOf(workload)] : []),
    deploymentOf(workload),
    disruptionBudgetOf(workload.name),
  ]);
}

/** Whether callers connect to it. */
export function isDoor({ ports: { grpc, http } }: Pick<Workload, "ports">): boolean {
  return grpc !== undefined || http !== undefined;
}

function serviceAccount(name: string, component: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, labels: partLabels(name, component) },
    automountServiceAccountToken: false,
  };
}

function doorOf({ name: service, ports: { grpc, http } }: Workload): Manifest {
  const ports = [
    ...(grpc === undefined ? [] : [{ name: "grpc", port: grpc, targetPort: "grpc", appProtocol: "kubernetes.io/h2c" }]),
    ...(http === undefined ? [] : [{ name: "http", port: http, targetPort: "http", appProtocol: "http" }]),
  ];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: service, labels: partLabels(service, "service") },
    spec: { type: "ClusterIP", selector: partLabels(service, "service"), ports },
  };
}

function disruptionBudgetOf(service: string): Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: service, labels: partLabels(service, "service") },
    // A pod that is not ready serves nobody: it never keeps a node from being emptied.
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: partLabels(service, "service") },
    },
  };
}

function deploymentOf(workload: Workload): Manifest {
  const labels = partLabels(workload.name, "service");
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: workload.name, labels },
    spec: {
      replicas: workload.replicas,
      revisionHistoryLimit: 3,
      minReadySeconds: 5,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "kubectl.kubernetes.io/default-container": "service" } },
        spec: podOf(workload, labels),
      },
    },
  };
}

function podOf(workload: Workload, labels: { readonly [key: string]: string }): Value {
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: labels },
    // Each rollout is spread by itself.
    matchLabelKeys: ["pod-template-hash"],
  });
  return {
    serviceAccountName: workload.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName: "quittance",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: POD_SECURITY,
    topologySpreadConstraints: [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
    containers: [containerOf(workload)],
    volumes: [
      // Nobody but the service's own user reads them.
      { name: "secrets", secret: { secretName: workload.name, defaultMode: 0o440 } },
      ...(isDoor(workload) ? [{ name: "merchant-keys", configMap: { name: "merchant-keys" } }] : []),
      { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
    ],
  };
}

/** Of every pod: the image's user, its group on what is mounted, and the runtime's filter of system calls. */
export const POD_SECURITY: Value = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  fsGroupChangePolicy: "OnRootMismatch",
  seccompProfile: { type: "RuntimeDefault" },
};

/** Of every container: no capability, no way to more rights, no file written but in what is mounted. */
export const CONTAINER_SECURITY: Value = {
  runAsNonRoot: true,
  runAsUser: USER,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

function containerOf(workload: Workload): Value {
  const { name, program, ports, secrets } = workload;
  const { requests, limits } = isDoor(workload) ? DOOR_SIZE : WORKER_SIZE;
  const probe = (path: string) => ({ httpGet: { path, port: "health", scheme: "HTTP" } });
  return {
    name: "service",
    image: IMAGE,
    // A digest names one content: there is nothing newer to look for.
    imagePullPolicy: "IfNotPresent",
    args: [program],
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })),
    envFrom: [{ configMapRef: { name: `${name}-configuration` } }],
    env: secrets.map((variable) => ({
      name: `${variable}_FILE`,
      value: `${SECRETS_FOLDER}/${variable}`,
    })),
    // Live: the process answers, whatever else is away. Ready: broker, database and steps are there.
    startupProbe: { ...probe("/livez"), periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe("/livez"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: { ...probe("/readyz"), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
    resources: {
      requests: { ...requests, "ephemeral-storage": SCRATCH.request },
      limits: { ...limits, "ephemeral-storage": SCRATCH.limit },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: "secrets", mountPath: SECRETS_FOLDER, readOnly: true },
      ...(isDoor(workload) ? [{ name: "merchant-keys", mountPath: "/run/merchant-keys", readOnly: true }] : []),
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}
