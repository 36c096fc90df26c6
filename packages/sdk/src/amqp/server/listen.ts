/** Listens for AMQP 1.0 clients on behalf of a backend. */
import { createServer, type Socket } from "node:net";
import type { Backend, Condition } from "./backend.js";
import { ServerConnection, type ServerSettings } from "./server-connection.js";

export interface AmqpServer {
  readonly port: number;
  /** Cuts the lines of all peers, or of those of one user, without a word. */
  dropConnections(user?: string): void;
  /** Stops listening and cuts every line at once, as when the process is killed. Resolves when the port is free. */
  abort(): Promise<void>;
  /** Stops listening and closes every connection with this condition. */
  close(condition: Condition): Promise<void>;
}

/** @throws what the system says of a host or port that cannot be listened on. */
export async function listenForAmqp(
  backend: Backend,
  { host, port, ...settings }: ServerSettings & { readonly host: string; readonly port: number },
): Promise<AmqpServer> {
  const connections = new Set<ServerConnection>();
  const server = createServer((socket: Socket) => {
    // rhea stops to listen for errors in some of its ways to end; an error nobody hears would end the process.
    socket.on("error", () => {});
    const connection = new ServerConnection(socket, backend, settings);
    connections.add(connection);
    socket.on("close", () => connections.delete(connection));
  });
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
