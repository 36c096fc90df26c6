/** Puts the gateway together: the operations, and the two doors to them. */
import type { RunningService, ServiceContext } from "../platform/run-service.js";
import { clientAuthOf, type gatewayConfiguration } from "./configuration.js";
import { createGateway } from "./gateway.js";
import { serveGrpc } from "./grpc-server.js";
import { serveHttp } from "./http-server.js";

/** Starts the gateway; it runs until drained. Its ports are told as `grpc` and `http`. */
export async function startGateway(context: ServiceContext<typeof gatewayConfiguration>): Promise<RunningService> {
  const { configuration, connection, log, tls } = context;
  const gateway = await createGateway({ connection, configuration, log });
  const listening = {
    gateway,
    host: configuration.LISTEN_HOST,
    maximumConnections: configuration.MAXIMUM_CONNECTIONS,
    log,
    secure: { tls, clientAuth: clientAuthOf(configuration) },
  };
  const grpc = await serveGrpc({ ...listening, port: configuration.GRPC_PORT });
  const http = await serveHttp({ ...listening, port: configuration.HTTP_PORT });
  return {
    ports: { grpc: grpc.port, http: http.port },
    async drain(options) {
      const drained = [grpc.drain(options), http.drain(options)];
      // Who waits is told now how the payment stands, rather than be cut off later.
      gateway.release();
      await Promise.all(drained);
      await gateway.close();
    },
  };
}
