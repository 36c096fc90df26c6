import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { NotTried, type Target } from "./target.js";

/**
 * Makes connections to a broker beside the SDK, for a proxy that must see what a client says; with TLS where its URL says so.
 * @throws NotTried where a proxy cannot stand between
 */
export function reachingBroker({ url, login }: Pick<Target, "url" | "login">): () => Socket {
  const { protocol, hostname, port } = new URL(url);
  // Of an IPv6 address, the URL has brackets around it.
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol === "amqp:") return () => connectTcp(Number(port || 5672), host);
  if (protocol !== "amqps:") throw new NotTried("A line over WebSocket cannot be cut at a certain frame.");
  if (login?.username === undefined && login?.tls !== undefined) {
    // The certificate is shown by the proxy, and not by the client, which then has no means to log in.
    throw new NotTried("A line of a client that logs in by its certificate cannot be read. Give a user.");
  }
  const options = { host, port: Number(port || 5671), ...login?.tls } as ConnectionOptions;
  return () => connectTls(options);
}
