import { type Connection, type ConnectOptions, connect } from "@quittance/sdk";
import type { ClientTls } from "./tls.js";

/**
 * Connects to the broker of `BROKER_URL`. Over `amqps` it must have a certificate by an authority that is trusted, for
 * the host of the URL, and is shown that of this process; each reconnection has the certificates of then. A URL without
 * a user logs in by that certificate (SASL EXTERNAL).
 * @throws MessagingError
 */
export function connectBroker(url: string, tls: ClientTls, options: ConnectOptions = {}): Promise<Connection> {
  return connect(url, { ...options, ...(url.includes("amqps://") && { tls: () => tls.clientOptions() }) });
}
