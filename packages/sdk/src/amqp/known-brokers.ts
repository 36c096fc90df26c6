/** The brokers to try: those that `connect` was given, and those that a broker named as its partners. */
import type { BrokerEndpoint } from "./broker-url.js";

/** More partners than this are not remembered, whatever a broker says. */
const MAXIMUM_NAMED = 32;
const PORTS = { amqp: 5672, amqps: 5671 } as const;

/**
 * Reads the connection property `failover-server-list`: a list of maps with `network-host` or `hostname`, `port` and
 * `scheme`. Its brokers are logged in to as the one that named them, and never in plain where that one had TLS.
 */
export function namedBrokers(property: unknown, by: BrokerEndpoint): readonly BrokerEndpoint[] {
  if (!Array.isArray(property)) return [];
  const brokers: BrokerEndpoint[] = [];
  for (const entry of property.slice(0, MAXIMUM_NAMED)) {
    const broker = brokerOf(entry, by);
    if (broker !== undefined) brokers.push(broker);
  }
  return brokers;
}

function brokerOf(entry: unknown, by: BrokerEndpoint): BrokerEndpoint | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const fields = entry as Readonly<Record<string, unknown>>;
  const host = textOf(fields["network-host"]) ?? textOf(fields.hostname);
  const scheme = fields.scheme === "amqps" || fields.scheme === "amqp" ? fields.scheme : by.secure ? "amqps" : "amqp";
  if (host === undefined || (by.secure && scheme !== "amqps")) return undefined;
  const port = typeof fields.port === "number" ? fields.port : PORTS[scheme];
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const name = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { host, port, secure: scheme === "amqps", username: by.username, password: by.password, name };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The given brokers in their order, then the named ones that are not among them. */
export function brokersToTry(
  given: readonly BrokerEndpoint[],
  named: readonly BrokerEndpoint[],
): readonly BrokerEndpoint[] {
  const names = new Set(given.map(({ name }) => name));
  return [...given, ...named.filter(({ name }) => !names.has(name))];
}
