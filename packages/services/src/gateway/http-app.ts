/** What every HTTP server of ours is: its limits, its errors as problem details, and a span for each request. */
import { Server as TlsServer } from "node:tls";
import { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Logger } from "../platform/log.js";
import { ApiError } from "./api-error.js";
import { internal } from "./broker-failure.js";
import { type CallTrace, startCallTrace } from "./call-trace.js";
import type { DoorSecurity } from "./door.js";
import { problemOf } from "./http-problem.js";
import { refuseUnreadable } from "./http-unreadable.js";
import { TRACE_HEADER } from "./trace-context.js";

const MAXIMUM_BODY_BYTES = 65_536;
/** A request that takes longer to arrive, its headers or all of it, is cut off, at most an interval later. */
const REQUEST_TIMEOUT_MS = 10_000;
const CHECK_INTERVAL_MS = 500;

/**
 * Node swaps the two limits when that for the headers is the longer one, and its own is 60 s, as it looks only every
 * 30 s.
 */
const SERVER_LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: CHECK_INTERVAL_MS,
};

declare module "fastify" {
  interface FastifyRequest {
    trace: CallTrace | undefined;
  }
  interface FastifyContextConfig {
    /** How spans name a route whose path the router has in another form. */
    template?: string;
  }
}

/** A server without routes. */
export interface HttpApp {
  readonly app: FastifyInstance;
  /** The problem details of an error as JSON, for an answer whose status has been sent. */
  problemText(request: FastifyRequest, error: unknown): string;
}

/**
 * Makes the server.
 * @param options `errorOf` says what errors mean that are not ApiErrors; `onRefused` is called for each answer.
 */
export function createHttpApp(options: {
  readonly secure: DoorSecurity;
  /** Connections at once. */
  readonly maximumConnections: number;
  readonly log: Logger;
  readonly errorOf?: (error: unknown) => ApiError<string> | undefined;
  readonly onRefused?: (error: ApiError<string>) => void;
}): HttpApp {
  const { log } = options;
  const { tls, clientAuth } = options.secure;
  const secure = tls.serverOptions(clientAuth);
  const app = fastify({
    bodyLimit: MAXIMUM_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(secure === undefined ? { http: SERVER_LIMITS } : { https: { ...SERVER_LIMITS, ...secure } }),
    exposeHeadRoutes: false,
    // What the router cannot read, for example `%ff`: its own answer would repeat the path.
    frameworkErrors: (_error, request, reply) => sendProblem(reply, request, malformedPath()),
    clientErrorHandler: refuseUnreadable,
    // An id of any length is an id that does not exist; the request line itself is bounded by Node.
    routerOptions: { maxParamLength: 16_384 },
  });
  if (app.server instanceof TlsServer) tls.serve(app.server);
  app.server.maxConnections = options.maximumConnections;
  app.decorateRequest("trace", undefined);
  // Hooks that wait for nothing call `done`: a promise for each costs more than what they do.
  app.addHook("onRequest", (request, _reply, done) => {
    traceOf(request);
    done();
  });
  app.addHook("onSend", (request, reply, payload, done) => {
    // What needs a token is its holder's alone.
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    reply.header(TRACE_HEADER, traceOf(request).traceparent);
    done(null, payload);
  });
  app.addHook("onResponse", (request, reply, done) => {
    const { statusCode } = reply;
    traceOf(request).end(
      { "http.response.status_code": statusCode },
      statusCode >= 500 ? String(statusCode) : undefined,
    );
    done();
  });
  // The body stays bytes: whether they are UTF-8, and name a field twice, is looked at where they are read.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  const toldError = (error: unknown) => {
    const known = options.errorOf?.(error) ?? apiErrorOf(error, log);
    options.onRefused?.(known);
    return known;
  };
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, toldError(error)));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, request, new ApiError("NOT_FOUND", "UNKNOWN_ROUTE", "There is nothing at this path.")),
  );
  return {
    app,
    problemText: (request, error) => problemOf(toldError(error), traceOf(request).traceparent).body,
  };
}

/** Has it listen. @returns the TCP port. */
export async function listenHttp(
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<number> {
  await app.listen({ host: at.host, port: at.port });
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : at.port;
}

/** Takes no more requests, lets those under way end within `timeoutMs`, and closes. */
export async function drainHttp(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
  await app.close();
  clearTimeout(cut);
}

/** The span of a request, by the conventions for HTTP (1.40). One that is refused before its first hook starts it late. */
export function traceOf(request: FastifyRequest): CallTrace {
  if (request.trace !== undefined) return request.trace;
  const { method } = request;
  const route = request.routeOptions.config.template ?? request.routeOptions.url;
  const caller = {
    traceparent: request.headers.traceparent?.toString(),
    tracestate: request.headers.tracestate?.toString(),
  };
  request.trace = startCallTrace(caller, route === undefined ? method : `${method} ${route}`, {
    "http.request.method": method,
    ...(route !== undefined && { "http.route": route }),
    "url.scheme": request.protocol,
  });
  return request.trace;
}

function sendProblem(reply: FastifyReply, request: FastifyRequest, error: ApiError<string>): FastifyReply {
  const { traceparent } = traceOf(request);
  const problem = problemOf(error, traceparent);
  reply.header(TRACE_HEADER, traceparent);
  return reply.code(problem.status).headers(problem.headers).send(Buffer.from(problem.body));
}

function malformedPath(): ApiError {
  return new ApiError(
    "INVALID_ARGUMENT",
    "MALFORMED_REQUEST",
    "The path is not one: an escape is wrong, or it is too long.",
  );
}

/** What fastify refuses by itself, in our words: its own may hold parts of the request. */
function apiErrorOf(error: unknown, log: Logger): ApiError {
  if (error instanceof ApiError) {
    if (error.code === "INTERNAL") log.error({ err: error.cause }, "a call failed");
    return error;
  }
  if (error instanceof errorCodes.FST_ERR_CTP_BODY_TOO_LARGE) {
    return new ApiError("INVALID_ARGUMENT", "BODY_TOO_LARGE", `The body is larger than ${MAXIMUM_BODY_BYTES} bytes.`);
  }
  if (error instanceof errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE) {
    return new ApiError("INVALID_ARGUMENT", "UNSUPPORTED_MEDIA_TYPE", "The content type must be application/json.");
  }
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new ApiError("INVALID_ARGUMENT", "MALFORMED_BODY", "The request cannot be read.");
  }
  log.error({ err: error }, "a call failed");
  return internal(error);
}
