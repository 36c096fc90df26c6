/**
 * What NetworkPolicies let through, by the rules of networking.k8s.io/v1: a pod that a policy of a direction selects
 * lets through in that direction what one of those policies allows, and a pod that none selects lets everything
 * through. A connection needs both: its beginning lets it out, its end lets it in.
 */

/** Whether `labels` are what a selector asks for. */
export function selects(selector, labels) {
  if (selector === undefined) return false;
  const wanted = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return wanted && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));
}

function holds({ key, operator, values = [] }, labels) {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      throw new Error(`Selectors have no operator ${operator}.`);
  }
}

/**
 * Whether policies let `from` out to `to` on a port.
 * @param from, to ends: `{namespace, namespaceLabels, labels}` for a pod, `{address}` for what is outside
 */
export function letsOut(policies, from, to, port, protocol = "TCP") {
  return lets(policies, "Egress", from, to, port, protocol);
}

/** Whether policies let `from` in at `to` on a port. */
export function letsIn(policies, from, to, port, protocol = "TCP") {
  return lets(policies, "Ingress", to, from, port, protocol);
}

function lets(policies, direction, self, other, port, protocol) {
  // An address is nobody's pod: no policy is about it.
  if (self.address !== undefined) return true;
  const about = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === self.namespace &&
      typesOf(spec).includes(direction) &&
      selects(spec.podSelector, self.labels),
  );
  if (about.length === 0) return true;
  const [rules, peers] = direction === "Egress" ? ["egress", "to"] : ["ingress", "from"];
  return about.some(({ metadata, spec }) =>
    (spec[rules] ?? []).some(
      (rule) =>
        portsInclude(rule.ports, port, protocol) &&
        (rule[peers] === undefined ||
          rule[peers].length === 0 ||
          rule[peers].some((peer) => isPeer(peer, other, metadata.namespace))),
    ),
  );
}

function typesOf({ policyTypes, egress }) {
  return policyTypes ?? (egress === undefined ? ["Ingress"] : ["Ingress", "Egress"]);
}

function portsInclude(ports, port, protocol) {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some((one) => {
    if ((one.protocol ?? "TCP") !== protocol) return false;
    if (one.port === undefined) return true;
    if (typeof one.port !== "number") throw new Error(`Named ports are not evaluated here: ${one.port}.`);
    return port >= one.port && port <= (one.endPort ?? one.port);
  });
}

function isPeer({ ipBlock, namespaceSelector, podSelector }, other, ownNamespace) {
  if (ipBlock !== undefined) {
    return (
      other.address !== undefined &&
      inBlock(other.address, ipBlock.cidr) &&
      !(ipBlock.except ?? []).some((cidr) => inBlock(other.address, cidr))
    );
  }
  if (other.address !== undefined) return false;
  const namespace =
    namespaceSelector === undefined
      ? other.namespace === ownNamespace
      : selects(namespaceSelector, other.namespaceLabels);
  return namespace && (podSelector === undefined || selects(podSelector, other.labels));
}

/** Whether an IPv4 address is in a block; an IPv6 block holds none. */
function inBlock(address, cidr) {
  if (cidr.includes(":")) return false;
  const [base, length] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(base) / size);
}

function numberOf(address) {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
