/**
 * Who may connect to whom in a cluster, from the arrows: nobody to nobody, and then two policies for each arrow, one
 * that lets its beginning out and one that lets it in at its end.
 */
import { ARROWS, type Arrow } from "../../topology/arrows.js";
import { PORTS } from "../../topology/system-table.js";
import type { Manifest, Value } from "./manifest.js";

/** A namespace whose pods may call the gateway has this label. */
export const CALLERS_LABEL = { "quittance/calls-gateway": "true" } as const;

/** A part by its name, or everything outside. */
type End = Arrow["from"] | Arrow["to"] | "migrate" | "monitor";
type Connection = Omit<Arrow, "from" | "to"> & { readonly from: End; readonly to: End };

/** In a cluster the broker is reached by TLS. An overlay without it says so. */
const inCluster = (port: number): number => (port === PORTS.amqp ? PORTS.amqps : port);

/** Beside the arrows of the payment cycle: what keeps it going. */
const UPKEEP: readonly Connection[] = [
  { from: "migrate", to: "database", ports: [PORTS.postgresql], purpose: "brings the schemas up to date" },
  { from: "monitor", to: "broker", ports: [PORTS.amqp], purpose: "reads the figures of the queues" },
];

/**
 * Every connection that the base allows. What goes outside is left to the component that switches it on: nothing
 * leaves the cluster by itself.
 */
export function clusterConnections(): Connection[] {
  return [...ARROWS.filter(({ to }) => to !== "outside"), ...UPKEEP].map((arrow) => ({
    ...arrow,
    ports: [...new Set(arrow.ports.map(inCluster))],
  }));
}

/** The policies of the base. */
export function networkPolicies(): Manifest[] {
  const connections = clusterConnections();
  const callers = [...new Set(connections.map(({ from }) => from))].filter((end) => end !== "outside");
  return [DENY_ALL, ...callers.map(nameLookups), ...connections.flatMap(policiesOf)];
}

const DENY_ALL: Manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "deny-all" },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};

function selectorOf(end: End): Value {
  return { matchLabels: { "app.kubernetes.io/name": end, "app.kubernetes.io/part-of": "quittance" } };
}

function policy(name: string, purpose: string, spec: Value): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, annotations: { "kubernetes.io/description": purpose } },
    spec,
  };
}

/** Whoever connects to somebody by name asks the cluster's name service, and no other. */
function nameLookups(from: End): Manifest {
  return policy(`${from}-to-dns`, "asks for the addresses of the names that it connects to", {
    podSelector: selectorOf(from),
    policyTypes: ["Egress"],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ],
  });
}

function policiesOf({ from, to, ports, purpose }: Connection): Manifest[] {
  const portList = ports.map((port) => ({ protocol: "TCP", port }));
  const peer =
    from === "outside" ? { namespaceSelector: { matchLabels: CALLERS_LABEL } } : { podSelector: selectorOf(from) };
  const arrival = policy(`${from}-to-${to}-ingress`, purpose, {
    podSelector: selectorOf(to),
    policyTypes: ["Ingress"],
    ingress: [{ from: [peer], ports: portList }],
  });
  if (from === "outside") return [arrival];
  const departure = policy(`${from}-to-${to}-egress`, purpose, {
    podSelector: selectorOf(from),
    policyTypes: ["Egress"],
    egress: [{ to: [{ podSelector: selectorOf(to) }], ports: portList }],
  });
  return [departure, arrival];
}
