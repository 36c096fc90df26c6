/** Keeps pages of other sites away from a console on this machine whose names were made to lead to it (DNS rebinding). */
import type { FastifyInstance } from "fastify";
import { isLoopback } from "../../platform/plaintext.js";
import { ConsoleError } from "./console-error.js";

/** Refuses calls by another name than this machine's. @param others further names, without ports. */
export function requireOwnHost(app: FastifyInstance, others: ReadonlySet<string>): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { host } = request.headers;
    const name = host !== undefined && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : "";
    if (!isLoopback(name) && !others.has(name)) {
      throw new ConsoleError(
        "INVALID_ARGUMENT",
        "HOST_NOT_ALLOWED",
        "The console is called by a name that is not this machine's: CONSOLE_HOSTS names others.",
      );
    }
    done();
  });
}
