/** The entry to the SDK: everything else is made from the connection that it returns. */
import { parseConnectOptions } from "./amqp/connection-settings.js";
import { ComposedConnection } from "./composed-connection.js";
import type { Connection, ConnectOptions } from "./connection.js";

/**
 * Connects to an AMQP 1.0 broker.
 *
 * The first attempt fails fast: it tries each URL once, in turn. With `reconnect.maximumAttempts` it makes as many
 * rounds, with the same pauses as a later reconnection. Once open, the connection reconnects whenever it is lost,
 * without limit unless `reconnect` says otherwise. It ends when its log-in is refused three times in a row.
 *
 * @param url `amqp://[user[:password]@]host[:port]` (5672), `amqps://...` (5671, the certificate is checked),
 * `amqpws://host[:port][/path]` (80) and `amqpwss://...` (443) for AMQP over WebSocket, several
 * of them separated by commas, an array, or Java's `failover:(url,url)?maxReconnectAttempts=5&initialReconnectDelay=100`.
 * Brokers that the current broker names as its partners (`failover-server-list`) are tried after these. A user in the
 * URL takes precedence over `username` in the options.
 * @throws MessagingError `connection-failed`, `authentication-failed`, `aborted`, `invalid-argument`
 */
export async function connect(url: string | readonly string[], options: ConnectOptions = {}): Promise<Connection> {
  const connection = new ComposedConnection(parseConnectOptions(url, options));
  await connection.open();
  return connection;
}
