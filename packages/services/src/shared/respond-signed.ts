/** Requests that a service answers over the broker: those alone that their writer signed. */
import type { Connection, Message, OutgoingMessage, Responder } from "@quittance/sdk";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { MessageKind } from "../topology/channel-table.js";
import { answeringSigned } from "./believe.js";
import type { Envelopes } from "./envelope.js";
import { channelOf } from "./message-kinds.js";
import { destinationOf } from "./queue-map.js";

export interface RespondParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
  readonly log: Logger;
}

/** Answers the requests of a kind, until it is drained. */
export function respondSigned(
  { connection, envelopes, log }: RespondParts,
  kind: MessageKind,
  answer: (request: Message) => Promise<OutgoingMessage>,
  options: {
    /** Requests answered at once. */
    readonly concurrency: number;
    /** What the log says of a request that failed, for example `read not answered`. */
    readonly failure: string;
  },
): Promise<Responder> {
  return connection.respond(destinationOf(channelOf(kind)), answeringSigned(envelopes, kind, answer), {
    concurrency: options.concurrency,
    mayReplyTo: (request) => envelopes.replyAddressOf(request) !== undefined,
    onError: (error, request) => log.error({ err: error, trace: traceIdOf(request.traceparent) }, options.failure),
  });
}
