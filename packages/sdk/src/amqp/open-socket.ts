/** What carries the bytes of a connection: TCP, TLS, a WebSocket, or what the application made. */
import { connect as connectPlain, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectSecure, type ConnectionOptions as TlsConnectionOptions } from "node:tls";
import type { BrokerEndpoint } from "./broker-url.js";
import { WebSocketStream } from "./web-socket.js";

/**
 * @param tls undefined for plain text
 * @param made by the application, and connected; TLS goes over it where the URL asks for it
 * @param connected called when bytes may be written
 */
export function openSocket(
  { host, port, webSocket }: BrokerEndpoint,
  tls: TlsConnectionOptions | undefined,
  made: Duplex | undefined,
  connected: () => void,
): Duplex {
  if (webSocket !== undefined) return new WebSocketStream(webSocket, connected);
  const named = { ...(isIP(host) === 0 ? { servername: host } : {}), ...tls };
  if (made !== undefined) {
    if (tls !== undefined) return connectSecure({ ...named, socket: made }, connected);
    process.nextTick(connected);
    return made;
  }
  const socket: Socket =
    tls === undefined ? connectPlain({ host, port }, connected) : connectSecure({ ...named, host, port }, connected);
  return socket.setNoDelay(true);
}

/** Returns a count of the bytes that have come so far. Only Node's own sockets keep one; of others it is kept here. */
export function bytesReadOf(socket: Duplex): () => number {
  if ("bytesRead" in socket) return () => (socket as Socket).bytesRead;
  let count = 0;
  socket.on("data", (bytes: Buffer) => {
    count += bytes.length;
  });
  return () => count;
}
