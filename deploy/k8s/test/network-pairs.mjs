/** Tries every ordered pair of ends against the policies that the API server holds: the arrows pass, nothing else does. */
import { letsIn, letsOut } from "./network-evaluation.mjs";

/** Whoever is not a part: elsewhere in the cluster, and outside of it. */
const STRANGERS = {
  "a pod of the namespace that is no part": { namespace: "quittance", labels: {} },
  "a pod that calls itself the gateway, elsewhere": {
    namespace: "elsewhere",
    labels: { "app.kubernetes.io/name": "gateway", "app.kubernetes.io/part-of": "quittance" },
  },
  callers: { namespace: "callers", namespaceLabels: { "quittance/calls-gateway": "true" }, labels: {} },
  dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
  "kube-system": { namespace: "kube-system", labels: {} },
  prometheus: { namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } },
  keda: { namespace: "keda", labels: { app: "keda-operator" } },
  "cnpg-operator": { namespace: "cnpg-system", labels: { "app.kubernetes.io/name": "cloudnative-pg" } },
  "arkmq-operator": { namespace: "arkmq-org-broker-operator", labels: { name: "arkmq-org-broker-operator" } },
  "trace-collector": { namespace: "tracing", labels: { "app.kubernetes.io/name": "opentelemetry-collector" } },
  "api-server": { address: "10.96.0.1" },
  internet: { address: "203.0.113.7" },
  "cloud metadata": { address: "169.254.169.254" },
  "private network": { address: "10.1.2.3" },
};

const PORTS = [
  53, 80, 443, 465, 587, 4317, 4318, 5432, 5671, 5672, 6443, 8000, 8080, 8081, 8161, 8778, 8888, 9000, 9187, 50051,
  61616,
];

/** What every overlay allows beside its arrows. Names are looked up on both protocols. */
function nameLookups(parts) {
  return parts.map((from) => ({ from, to: "dns", ports: [53] }));
}

/** Ends by name: the pods of the namespace, as their templates label them, and the strangers. */
export function endsOf(podTemplates) {
  const parts = Object.fromEntries(
    podTemplates.map(({ name, labels }) => [name, withNamespace({ namespace: "quittance", labels })]),
  );
  const strangers = Object.entries(STRANGERS).map(([name, end]) => [name, withNamespace(end)]);
  return { ...parts, ...Object.fromEntries(strangers) };
}

function withNamespace(end) {
  if (end.address !== undefined) return end;
  return {
    ...end,
    namespaceLabels: { "kubernetes.io/metadata.name": end.namespace, ...end.namespaceLabels },
  };
}

/**
 * @param expected connections that shall pass: `{from, to, ports}`; `to` a name of an end
 * @returns counts, and a sentence for each connection that passes and shall not, or shall and does not
 */
export function tryPairs({ policies, ends, expected }) {
  const result = { allowed: 0, denied: 0, wrong: [] };
  const wanted = new Set(expected.flatMap(({ from, to, ports }) => ports.map((port) => `${from} -> ${to}:${port}`)));
  const seen = new Set();
  for (const [fromName, from] of Object.entries(ends)) {
    for (const [toName, to] of Object.entries(ends)) {
      const leaves = from.namespace === "quittance";
      const arrives = to.namespace === "quittance";
      // Between two strangers it is not for us to say. Two pods of one part are two ends.
      if (!(leaves || arrives)) continue;
      for (const port of PORTS) {
        const connection = `${fromName} -> ${toName}:${port}`;
        const shallPass = wanted.has(connection);
        if (shallPass) seen.add(connection);
        const out = letsOut(policies, from, to, port);
        const into = letsIn(policies, from, to, port);
        // Each end decides by itself: neither relies on the other's policy.
        if (leaves && out !== shallPass) result.wrong.push(`${connection} is ${out ? "let out" : "not let out"}`);
        if (arrives && into !== shallPass) result.wrong.push(`${connection} is ${into ? "let in" : "not let in"}`);
        if (out && into) result.allowed += 1;
        else result.denied += 1;
      }
    }
  }
  for (const connection of wanted) if (!seen.has(connection)) result.wrong.push(`${connection} was never tried`);
  return result;
}

/** The connections of an overlay: its arrows, name lookups, and what its operators need. */
export function expectedConnections({ arrows, amqp, beside }) {
  const callers = arrows.map((arrow) => ({
    from: arrow.from === "outside" ? "callers" : arrow.from,
    to: arrow.to,
    ports: arrow.ports.map((port) => (port === 5671 ? amqp : port)),
  }));
  const lookups = nameLookups([...new Set(callers.map(({ from }) => from).filter((name) => name !== "callers"))]);
  return [...callers, ...lookups, ...beside];
}
