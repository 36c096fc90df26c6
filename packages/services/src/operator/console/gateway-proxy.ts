/**
 * Passes `/v1` on to the gateway's HTTP door, so that the app and the API have one origin. Bodies and answers, events
 * too, pass as they come. By node:http, for @fastify/reply-from trusts any certificate unless it is told otherwise,
 * repeats calls that were answered 503, and keeps a call going whose caller has left before it was answered.
 */
import { type ClientRequest, request as callHttp, Agent as HttpAgent, type IncomingHttpHeaders } from "node:http";
import { request as callHttps, Agent as HttpsAgent } from "node:https";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../gateway/api-error.js";
import type { Logger } from "../../platform/log.js";
import type { ClientTls } from "../../platform/tls.js";
import { away } from "./console-error.js";

/** What a hop keeps to itself (RFC 9110, section 7.6.1). What `connection` names is of the hop as well. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Connections to one gateway; further calls wait for one. Watches hold theirs. */
const MAXIMUM_CONNECTIONS = 200;
const CONNECT_TIMEOUT_MS = 3_000;

export interface GatewayProxy {
  /** Adds the paths. */
  addRoutes(app: FastifyInstance): void;
  /** Ends what is under way. */
  close(): void;
}

/** @param gateways their HTTP doors, taken in turn. */
export function createGatewayProxy(options: {
  readonly gateways: readonly string[];
  readonly tls: () => Promise<ClientTls>;
  readonly log: Logger;
}): GatewayProxy {
  const { gateways, log } = options;
  const limits = { keepAlive: true, maxSockets: MAXIMUM_CONNECTIONS };
  const plain = new HttpAgent(limits);
  const secure = new HttpsAgent(limits);
  let calls = 0;

  async function callGateway(request: FastifyRequest, path: string): Promise<ClientRequest> {
    const gateway = new URL(gateways[calls++ % gateways.length] as string);
    const { method, headers } = request.raw;
    const own = { method, headers: { ...endToEnd(headers), host: gateway.host } };
    // A URL made of the path would be read once more: the path was looked at as it stands.
    const to = { host: gateway.hostname.replace(/^\[|\]$/g, ""), port: gateway.port, path };
    if (gateway.protocol === "http:") return callHttp({ ...own, ...to, agent: plain });
    const { ca } = (await options.tls()).clientOptions();
    return callHttps({ ...own, ...to, agent: secure, ...(ca !== undefined && { ca }) });
  }

  async function pass(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { raw: from } = request;
    const { raw: to } = reply;
    const path = checkedPath(from.url ?? "");
    const call = await callGateway(request, path);
    const answered = new Promise<void>((resolve, reject) => {
      call.once("error", reject);
      call.once("response", (answer) => {
        reply.hijack();
        to.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
        // An answer that is cut off on its way is cut off here as well: nobody takes it for a whole one.
        pipeline(answer, to).then(resolve, (error) => {
          to.destroy();
          resolve();
          if (from.socket.destroyed === false) log.warn({ err: error }, "an answer of the gateway was cut off");
        });
      });
    });
    const connecting = setTimeout(
      () => call.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
      CONNECT_TIMEOUT_MS,
    );
    call.once("socket", (socket) => {
      const connected = () => clearTimeout(connecting);
      if (socket.connecting) socket.once("connect", connected);
      else connected();
    });
    // A caller that leaves ends its call, whether it was answered or not.
    const left = () => call.destroy();
    to.once("close", left);
    // Not by `pipeline`, which would end the caller's connection with the call, and the answer that says so with it.
    from.pipe(call);
    try {
      await answered;
    } catch (error) {
      if (from.socket.destroyed) return;
      throw away("GATEWAY_UNAVAILABLE", "gateway", error);
    } finally {
      clearTimeout(connecting);
      to.removeListener("close", left);
    }
  }

  return {
    addRoutes(app) {
      for (const url of ["/v1/*", "/openapi.json"]) {
        app.route({
          url,
          method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
          // Before a body is read: it goes on as it comes.
          onRequest: pass,
          config: { anyParameters: true },
          handler: (_request, reply) => reply,
        });
      }
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/**
 * The path of a request, with its query, when it stays what it begins with: whoever reads it on its way finds no step
 * upwards in it, in whatever form.
 * @throws ApiError MALFORMED_REQUEST
 */
function checkedPath(target: string): string {
  const [path = ""] = target.split("?");
  const read = URL.canParse(path, "http://gateway") ? new URL(path, "http://gateway") : undefined;
  const asItStands = read?.host === "gateway" && read.pathname === path && !/%2f|%5c|\/\//i.test(path);
  if (asItStands && (path.startsWith("/v1/") || path === "/openapi.json") && !target.includes("#")) return target;
  throw new ApiError(
    "INVALID_ARGUMENT",
    "MALFORMED_REQUEST",
    "The path must not have dots, slashes or backslashes that lead elsewhere.",
  );
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.includes(name)));
}
