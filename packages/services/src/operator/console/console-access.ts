/** Who may do what on the paths of the console, and how these answer. */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Authenticator, Identity } from "../../gateway/authenticator.js";
import { OPERATOR_SCOPES, type Scope } from "../../shared/scopes.js";
import { toJson } from "../cli/command.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Whose token a call has; there before a body is read. */
    operator: Identity;
  }
  interface FastifyContextConfig {
    /** A path of the console needs one of these scopes. */
    needs?: readonly Scope[];
  }
}

interface Access {
  readonly needs: readonly Scope[];
}

export const READ: Access = { needs: ["operations:read"] };
export const WRITE: Access = { needs: ["operations:write"] };
/** Any operator may ask who they are. */
export const ANY_OPERATOR: Access = { needs: OPERATOR_SCOPES };

/** Has the token of each call looked at whose path needs one. */
export function requireOperators(app: FastifyInstance, authenticator: Authenticator): void {
  app.decorateRequest("operator");
  app.addHook("onRequest", async (request) => {
    const { needs } = request.routeOptions.config;
    if (needs === undefined) return;
    const peer = request.socket.remoteAddress ?? "unknown";
    request.operator = await authenticator.identify(request.headers.authorization, needs, peer);
  });
}

/** Answers with JSON in which amounts, which are bigint, are decimal text. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header("content-type", "application/json").send(toJson(value, 0));
}
