/**
 * Liveness, readiness and metrics: `/livez`, `/readyz` and `/metrics`, for probes, scripts and Prometheus. Over HTTPS
 * where the process has a certificate.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Exposition } from "./metric-readers.js";
import type { Tls } from "./tls.js";

/** One thing that a service needs to do its work; `undefined` when it is fine, else what is wrong with it. */
export type ReadinessCheck = () => string | undefined;

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/livez` (200 while the process runs its event loop) and `/readyz` (200 when every check is fine, else 503
 * with the names and reasons of those that are not). What is wrong by `minorChecks` is told there as `degraded`, and
 * leaves the service ready. `/metrics` answers with what `expose` gives for the request's `Accept`.
 */
export async function serveHealth(options: {
  readonly host: string;
  readonly port: number;
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  readonly minorChecks?: Readonly<Record<string, ReadinessCheck>>;
  readonly expose?: (accept: string | undefined) => Promise<Exposition>;
  /** Callers are asked for no certificate, for a kubelet has none [plain text]. */
  readonly tls?: Tls;
}): Promise<HealthServer> {
  const serve: RequestListener = (request, response) => {
    const path = request.url?.split("?")[0];
    if (path === "/livez") return answer(200, { status: "ok" });
    if (path === "/metrics" && options.expose !== undefined) {
      return void options.expose(request.headers.accept).then(
        ({ contentType, text }) => response.writeHead(200, { "content-type": contentType }).end(text),
        () => answer(500, { status: "the metrics could not be collected" }),
      );
    }
    if (path !== "/readyz") return answer(404, { status: "unknown path: try /livez, /readyz or /metrics" });
    const failing = reasonsOf(options.checks);
    const degraded = reasonsOf(options.minorChecks ?? {});
    const also = degraded && { degraded };
    if (failing === undefined) return answer(200, { status: "ok", ...also });
    return answer(503, { status: "not ready", failing, ...also });

    function answer(status: number, body: unknown): void {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(`${JSON.stringify(body)}\n`);
    }
  };
  const secure = options.tls?.serverOptions();
  const server = secure === undefined ? createServer(serve) : createSecureServer(secure, serve);
  if (server instanceof TlsServer) options.tls?.serve(server);
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

/** What is wrong, by the name of the check; undefined when nothing is. */
function reasonsOf(checks: Readonly<Record<string, ReadinessCheck>>): Readonly<Record<string, string>> | undefined {
  const reasons = Object.entries(checks).flatMap(([name, check]) => {
    const reason = check();
    return reason === undefined ? [] : [[name, reason]];
  });
  return reasons.length === 0 ? undefined : Object.fromEntries(reasons);
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
