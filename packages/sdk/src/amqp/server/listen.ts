/** Listens for AMQP 1.0 clients on behalf of a backend. */
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Backend, Condition } from "./backend.js";
import { ServerConnection } from "./server-connection.js";
import type { ServerSettings } from "./server-settings.js";

/** A client that has not shaken hands by then is dropped. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface AmqpServer {
  readonly port: number;
  /** Cuts the lines of all peers, or of those of one user, silently. */
  dropConnections(user?: string): void;
  /** Stops listening and cuts every line at once, as when the process is killed. Resolves when the port is free. */
  abort(): Promise<void>;
  /** Stops listening and closes every connection with this condition. */
  close(condition: Condition): Promise<void>;
}

/** Certificate and key of the server, and the authorities of clients' certificates; in PEM. */
export interface ServerTls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  readonly ca?: string | Uint8Array;
  readonly requireCertificate?: boolean;
}

function tlsOptions({ cert, key, ca, requireCertificate = false }: ServerTls): TlsOptions {
  const pem = (value: string | Uint8Array) => (typeof value === "string" ? value : Buffer.from(value));
  return {
    cert: pem(cert),
    key: pem(key),
    ...(ca !== undefined && { ca: pem(ca) }),
    minVersion: "TLSv1.2",
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: ca !== undefined,
    rejectUnauthorized: requireCertificate,
  };
}

/** A certificate that no authority has signed is no better for not having been asked for. */
function certified(take: (socket: Socket) => void): (socket: TLSSocket) => void {
  return (socket) => {
    const isWrong = !socket.authorized && socket.getPeerX509Certificate() !== undefined;
    if (isWrong) socket.destroy();
    else take(socket);
  };
}

/** @throws what the system says of a host or port that cannot be listened on. */
export async function listenForAmqp(
  backend: Backend,
  {
    host,
    port,
    tls,
    ...settings
  }: ServerSettings & { readonly host: string; readonly port: number; readonly tls: ServerTls | undefined },
): Promise<AmqpServer> {
  const connections = new Set<ServerConnection>();
  const take = (socket: Socket) => {
    // rhea stops to listen for errors in some of its ways to end; an error nobody hears would end the process.
    socket.on("error", () => {});
    const connection = new ServerConnection(socket, backend, settings);
    connections.add(connection);
    socket.on("close", () => connections.delete(connection));
  };
  const server = tls === undefined ? createServer(take) : createTlsServer(tlsOptions(tls), certified(take));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Too many open files, for one: whoever could not be taken tries again.
  server.on("error", () => {});
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server listens on no TCP port.");
  return {
    port: address.port,
    dropConnections(user) {
      for (const connection of connections) if (user === undefined || connection.user === user) connection.drop();
    },
    abort() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.abort();
      });
    },
    close(condition) {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.shutDown(condition);
      });
    },
  };
}
