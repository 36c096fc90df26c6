/** What every path of the HTTP door asks of a request beside a token: its method, its media type, its parameters. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { shownName } from "../shared/json-reader.js";
import { ApiError, invalidFields } from "./api-error.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The query parameters that a route takes, by name; without it, none. */
    parameters?: Readonly<Record<string, string>>;
    /** Whether a route takes any query, because somebody else reads it. */
    anyParameters?: true;
    /** The methods that the path has, on the route that stands for all others. */
    allow?: string;
  }
}

/** Adds paths by `addRoutes`, and answers 405 to every other method that a path could be called with. */
export function addRoutesStrictly(app: FastifyInstance, addRoutes: () => void): void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method, config }) => {
    if (config?.allow !== undefined) return;
    const methods = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsOf.set(url, methods);
  });
  app.addHook("onRequest", (request, _reply, done) => {
    // What it throws becomes the answer.
    checkRequest(request);
    done();
  });
  addRoutes();
  for (const [url, methods] of methodsOf) {
    app.route({
      url,
      method: app.supportedMethods.filter((method) => !methods.has(method)),
      config: { allow: [...methods].join(", ") },
      // The hook has answered.
      handler: () => undefined,
    });
  }
}

function checkRequest(request: FastifyRequest): void {
  if (request.is404) return;
  const { allow, parameters = {}, anyParameters } = request.routeOptions.config;
  if (allow !== undefined) {
    throw new ApiError("INVALID_ARGUMENT", "METHOD_NOT_ALLOWED", `This path has only ${allow}.`, {
      metadata: { allow },
    });
  }
  checkMediaType(request);
  if (!anyParameters) checkParameters(Object.keys(request.query as object), Object.keys(parameters));
}

/** RFC 8259, section 8.1: JSON is UTF-8. Other charsets are no JSON, and no coding of the content is undone. */
function checkMediaType({ headers }: FastifyRequest): void {
  const charsets = (headers["content-type"] ?? "").matchAll(/;\s*charset\s*=\s*"?([^";,\s]*)/gi);
  for (const [, charset = ""] of charsets) {
    if (!/^utf-?8$/i.test(charset)) throw unsupported("The charset must be utf-8.");
  }
  const coding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity") throw unsupported("The content must have no Content-Encoding, or identity.");
}

function unsupported(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", "UNSUPPORTED_MEDIA_TYPE", message);
}

function checkParameters(given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = known.filter((name) => !name.includes("_")).join(", ");
  const there = names === "" ? "this path takes none" : `there are ${names}`;
  throw invalidFields(
    unknown.map((name) => ({ field: shownName(name), description: `is not a query parameter: ${there}` })),
  );
}
