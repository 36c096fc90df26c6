/** The HTTP/JSON door: the same operations in protobuf's JSON mapping. */
import type { FastifyRequest } from "fastify";
import type { Logger } from "../platform/log.js";
import type { Scope } from "../shared/scopes.js";
import type { CallContext } from "./call-context.js";
import type { Door, DoorSecurity } from "./door.js";
import type { Gateway } from "./gateway.js";
import { createHttpApp, drainHttp, listenHttp, traceOf } from "./http-app.js";
import { addDocumentationRoutes } from "./http-documentation.js";
import { addRoutesStrictly } from "./http-request-rules.js";
import { addPaymentRoutes } from "./http-routes.js";
import { addManagedRoutes } from "./managed-routes.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls, and in which trace; there before a body is read. */
    call: CallContext;
  }
  interface FastifyContextConfig {
    /** The scope that a route needs. */
    scope?: Scope;
  }
}

/** Listens until drained. */
export async function serveHttp(options: {
  readonly gateway: Gateway;
  readonly host: string;
  readonly port: number;
  /** Connections at once. */
  readonly maximumConnections: number;
  readonly secure: DoorSecurity;
  readonly log: Logger;
}): Promise<Door> {
  const { gateway, secure, maximumConnections, log } = options;
  const { app, problemText } = createHttpApp({ secure, maximumConnections, log, onRefused: gateway.countRefusal });
  app.server.on("drop", () => gateway.countRefusedConnection("http"));
  app.decorateRequest("call");
  app.addHook("onRequest", async (request) => {
    const { scope } = request.routeOptions.config;
    if (scope === undefined) return;
    request.call = await callContext(gateway, request, scope);
    gateway.rateLimits.takeCall(request.call.merchantId);
  });
  app.addHook("onSend", (request, reply, payload, done) => {
    if (request.call !== undefined) reply.headers(gateway.rateLimits.headers(request.call.merchantId));
    done(null, payload);
  });
  addRoutesStrictly(app, () => {
    addPaymentRoutes(app, gateway, problemText);
    addManagedRoutes(app, gateway);
    addDocumentationRoutes(app);
  });
  return {
    port: await listenHttp(app, options),
    drain: ({ timeoutMs }) => drainHttp(app, timeoutMs),
  };
}

async function callContext(gateway: Gateway, request: FastifyRequest, scope: Scope): Promise<CallContext> {
  const merchantId = await gateway.authenticator.authenticate(
    request.headers.authorization,
    scope,
    request.socket.remoteAddress ?? "unknown",
  );
  return {
    merchantId,
    traceparent: traceOf(request).traceparent,
    tracestate: traceOf(request).tracestate,
    deadlineMs: Number.POSITIVE_INFINITY,
    isGone: () => request.raw.socket.destroyed,
  };
}
