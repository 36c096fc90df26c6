import { createRequire } from "node:module";
import { listenForAmqp } from "../amqp/server/listen.js";
import { BrokerCore } from "./broker/core.js";
import { parseBrokerOptions } from "./broker/settings.js";
import type { Broker, BrokerOptions } from "./broker-options.js";

const PRODUCT = "quittance-embedded-broker";
const { version } = createRequire(import.meta.url)("../../package.json") as { readonly version: string };

/**
 * Starts an AMQP 1.0 broker in this process that keeps its messages in memory and behaves like ActiveMQ Artemis in
 * what it can do. What it cannot do it refuses: distributed transactions, filters other than selector and no-local.
 *
 * @throws RangeError or TypeError for options that contradict each other, and what the system says of a port that
 * cannot be listened on.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const settings = parseBrokerOptions(options);
  const { host, port, maximumMessageSize: maximumMessageBytes } = settings;
  const core = new BrokerCore(settings);
  const server = await listenForAmqp(core, {
    host,
    port,
    containerId: PRODUCT,
    product: PRODUCT,
    version,
    maximumMessageBytes,
  }).catch((error: unknown) => {
    core.close();
    throw error;
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= server
      .close({ condition: "amqp:connection:forced", description: "The broker stops." })
      .finally(() => core.close());
    return closing;
  };
  return {
    url: `amqp://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    port: server.port,
    messageCount: (queue) => core.messageCount(queue),
    dropConnections: (user) => server.dropConnections(user),
    close,
    [Symbol.asyncDispose]: close,
  };
}
