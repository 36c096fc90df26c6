/** Dead letters over HTTP: looked at, replayed and discarded as by the command line. */
import type { FastifyInstance } from "fastify";
import { invalidFields } from "../../gateway/api-error.js";
import type { Logger } from "../../platform/log.js";
import { DURABLE_CHANNELS } from "../../shared/queue-map.js";
import { changeLetter, type Verb } from "../cli/change-letter.js";
import { channelsNamed, findLetter } from "../cli/find-letters.js";
import { viewOf } from "../cli/letter-view.js";
import { READ, sendJson, WRITE } from "./console-access.js";
import { ConsoleError } from "./console-error.js";
import { readLetterChange } from "./letter-change.js";
import { DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE, readLetterName, readLetterPage, readPosition } from "./letter-pages.js";
import type { OperatorParts } from "./operator-parts.js";

interface ListQuery {
  readonly queue?: string;
  readonly pageSize?: string;
  readonly pageToken?: string;
}

export function addLetterRoutes(app: FastifyInstance, parts: OperatorParts, log: Logger): void {
  const parameters = Object.fromEntries(["queue", "pageSize", "pageToken"].map((name) => [name, name]));
  app.get<{ Querystring: ListQuery }>(
    "/console/v1/deadLetters",
    { config: { ...READ, parameters } },
    async ({ query }, reply) => {
      const { channels, ...page } = readListQuery(query);
      return sendJson(reply, await parts.onBroker((connection) => readLetterPage(connection, channels, page)));
    },
  );
  app.get<{ Params: { letter: string } }>(
    "/console/v1/deadLetters/:letter",
    { config: READ },
    async ({ params: { letter } }, reply) => {
      const named = readLetterName(letter);
      if (named === undefined) throw noSuchLetter();
      const found = await parts.onBroker((connection) => findLetter(connection, named.channels, named.messageId));
      if (found === undefined) throw noSuchLetter();
      return sendJson(reply, { letter, ...viewOf(found) });
    },
  );
  for (const verb of ["replay", "discard"] as const) addChange(app, parts, { verb, log });
}

function addChange(
  app: FastifyInstance,
  parts: OperatorParts,
  { verb, log }: { readonly verb: Verb; readonly log: Logger },
): void {
  app.post<{ Params: { letter: string } }>(
    `/console/v1/deadLetters/:letter([^:]+)::${verb}`,
    { config: { ...WRITE, template: `/console/v1/deadLetters/{letter}:${verb}` } },
    async ({ params, body, operator }, reply) => {
      const { reason, deadline } = readLetterChange(body, verb);
      const named = readLetterName(params.letter);
      if (named === undefined) throw noSuchLetter();
      const remarks: string[] = [];
      const { messageId, channels } = named;
      const done = await parts.onBrokerAsOperator((connection) =>
        parts.onDatabase((database) =>
          changeLetter(
            {
              ...{ connection, database, channels, verb, deadline },
              by: { actor: operator.merchantId, reason },
              remark: (sentence) => void remarks.push(sentence),
              log: ({ msg, ...facts }) => log.info(facts, msg),
            },
            messageId,
          ),
        ),
      );
      if (done.outcome === "not found") throw noSuchLetter();
      return sendJson(reply, { ...done, remarks });
    },
  );
}

function readListQuery({ queue, pageSize, pageToken }: ListQuery) {
  const channels = channelsNamed(queue);
  const size = pageSize === undefined ? DEFAULT_PAGE_SIZE : Number(pageSize);
  const from = pageToken === undefined || pageToken === "" ? undefined : readPosition(pageToken, channels);
  const faults = [
    channels.length === 0 && {
      field: "queue",
      description: `must be one of ${DURABLE_CHANNELS.map(({ address }) => address).join(", ")}`,
    },
    !(Number.isInteger(size) && size >= 1) && { field: "pageSize", description: "must be a whole number from 1 on" },
    Boolean(pageToken) &&
      from === undefined && {
        field: "pageToken",
        description: "must be the nextPageToken of an earlier page of the same list",
      },
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw invalidFields(faults);
  return { channels, pageSize: Math.min(size, MAXIMUM_PAGE_SIZE), from };
}

function noSuchLetter(): ConsoleError {
  return new ConsoleError("NOT_FOUND", "LETTER_NOT_FOUND", "There is no such letter, and no record that there was.");
}
