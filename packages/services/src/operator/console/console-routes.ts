/** The paths of `/console/v1`: what only an operator's process can tell and do. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Authenticator } from "../../gateway/authenticator.js";
import { sendEvents } from "../../gateway/server-sent-events.js";
import type { Logger } from "../../platform/log.js";
import { toJson } from "../cli/command.js";
import { BooksReads } from "./books-reads.js";
import { ANY_OPERATOR, READ, requireOperators, sendJson } from "./console-access.js";
import { addLetterRoutes } from "./letter-routes.js";
import type { OperatorParts } from "./operator-parts.js";
import type { OverviewLooks } from "./overview-looks.js";
import { OverviewWatches } from "./overview-watch.js";
import { addPaymentRoutes } from "./payment-routes.js";

export interface ConsoleRoutes {
  readonly authenticator: Authenticator;
  readonly parts: OperatorParts;
  readonly looks: OverviewLooks;
  /** One sentence for each service that is not ready, by its name. */
  unready(): Promise<ReadonlyMap<string, string>>;
  /** Where a trace is shown, with `{traceId}` for its id. */
  readonly tracing: string | undefined;
  problemText(request: FastifyRequest, error: unknown): string;
  readonly log: Logger;
  /** Aborted when the console stops. */
  readonly stopping: AbortSignal;
}

export function addConsoleRoutes(app: FastifyInstance, routes: ConsoleRoutes): void {
  const { authenticator, parts, looks } = routes;
  requireOperators(app, authenticator);
  app.get("/console/v1/session", { config: ANY_OPERATOR }, ({ operator }, reply) =>
    sendJson(reply, {
      subject: operator.merchantId,
      scopes: [...operator.scopes].sort(),
      tracing: routes.tracing ?? null,
    }),
  );
  app.get("/console/v1/overview", { config: READ }, async (_request, reply) => sendJson(reply, await looks.latest()));
  const watches = new OverviewWatches(looks, routes.stopping);
  app.get(
    "/console/v1/overview::watch",
    { config: { ...READ, template: "/console/v1/overview:watch" } },
    (request, reply) =>
      sendEvents(request, reply, {
        watch: ({ signal }) => watches.open(signal),
        name: "overview",
        write: (overview) => toJson(overview, 0),
        problemOf: (error) => routes.problemText(request, error),
      }),
  );
  const books = new BooksReads(parts);
  app.get("/console/v1/books", { config: READ }, async (_request, reply) => {
    const lines = await books.read();
    return sendJson(reply, { agree: lines.every(({ wrong }) => wrong === 0n), lines });
  });
  addPaymentRoutes(app, parts, routes.unready);
  addLetterRoutes(app, parts, routes.log);
}
