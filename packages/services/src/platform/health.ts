/** Liveness and readiness over HTTP: `/livez` and `/readyz`, for probes and for scripts. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One thing that a service needs to do its work; `undefined` when it is fine, else what is wrong with it. */
export type ReadinessCheck = () => string | undefined;

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/livez` (200 while the process runs its event loop) and `/readyz` (200 when every check is fine, else 503
 * with the names and reasons of those that are not).
 */
export async function serveHealth(options: {
  readonly host: string;
  readonly port: number;
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path === "/livez") return answer(200, { status: "ok" });
    if (path !== "/readyz") return answer(404, { status: "unknown path: try /livez or /readyz" });
    const failing = Object.entries(options.checks).flatMap(([name, check]) => {
      const reason = check();
      return reason === undefined ? [] : [[name, reason]];
    });
    if (failing.length === 0) return answer(200, { status: "ok" });
    return answer(503, { status: "not ready", failing: Object.fromEntries(failing) });

    function answer(status: number, body: unknown): void {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(`${JSON.stringify(body)}\n`);
    }
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
