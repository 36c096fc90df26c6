/**
 * How a service answers the calls of its management API: by the full names of methods, in the types that ts-proto makes
 * of their messages. What goes wrong inside is logged here, and never told.
 */
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { Message, OutgoingMessage, Responder } from "@quittance/sdk";
import { traceIdOf } from "../platform/log.js";
import { isFaultOfTheMessage, isTransient } from "../platform/sqlstate.js";
import { API_REGISTRY } from "./api-descriptor.js";
import type { ExactJsonObject } from "./exact-json.js";
import { messageFromJson } from "./json-reader.js";
import { messageToJson } from "./json-writer.js";
import { invalidRequest, ManagementError } from "./management-error.js";
import {
  MANAGEMENT_KINDS,
  type ManagementAnswer,
  type ManagementCallMessage,
  type MethodOwner,
  managementCall,
} from "./management-messages.js";
import { MESSAGE_VERSION } from "./messages.js";
import { type RespondParts, respondSigned } from "./respond-signed.js";

/** A card that came with a call, which this service does not open. */
export interface SealedCard {
  readonly sealed: string;
  /** What it is sealed into: it opens with nothing else. */
  readonly into: Readonly<Record<string, unknown>>;
}

/** One call of a method. */
export interface ManagementCall<Request> {
  /** The subject of the caller's token: an operator, or the merchant whose own things a method is about. */
  readonly actor: string;
  readonly request: Request;
  /** The card of the request, where it had one: the request itself has none. */
  readonly card?: SealedCard | undefined;
}

/** Carries out a call. @throws ManagementError for what its caller is told. */
export type ManagementHandler<Request = never, Response extends object = object> = (
  call: ManagementCall<Request>,
) => Promise<Response>;

/**
 * The handlers of one service of the API, by the full names of its methods.
 * @template Service its full name, for example `quittance.accounts.v1.ClientService`
 * @template Server what ts-proto calls its server, for example `ClientServiceServer`
 */
export type ServiceHandlers<Service extends string, Server> = {
  readonly [Method in keyof Server as Method extends string
    ? string extends Method
      ? never
      : `${Service}/${Capitalize<Method>}`
    : never]: Server[Method] extends handleUnaryCall<infer Request, infer Response>
    ? (call: ManagementCall<Request>) => Promise<Response>
    : never;
};

/** Handlers of several services. */
export type ManagementHandlers = Readonly<Record<string, ManagementHandler>>;

export interface ManagementParts extends RespondParts {
  /** Calls answered at once: fewer than the pool has connections, so that the steps always have some. */
  readonly concurrency: number;
}

/** A database that is away or busy: the call had no effect, or its repetition finds it. */
const RETRY_AFTER_MS = 1_000;

/** Answers the calls that `owner` is sent, until it is drained. */
export function answerManagement(
  owner: MethodOwner,
  handlers: ManagementHandlers,
  parts: ManagementParts,
): Promise<Responder> {
  const { call, answer } = MANAGEMENT_KINDS[owner];
  const { envelopes, log, concurrency } = parts;
  const respond = async (message: Message): Promise<OutgoingMessage> => {
    const body = message.json(managementCall);
    const answered = await answerCall(handlers, body, (error) => log.error(error, "a management call failed"), message);
    const { method, actor } = body;
    const code = "error" in answered ? answered.error.reason : "OK";
    // Who did what: its own line for each call, beside what the change itself keeps.
    log.info({ method, actor, code, trace: traceIdOf(message.traceparent) }, "management call answered");
    return envelopes.answer(answer, answered, message);
  };
  return respondSigned(parts, call, respond, { concurrency, failure: "management call not answered" });
}

async function answerCall(
  handlers: ManagementHandlers,
  { method, actor, request, sealedCard }: ManagementCallMessage,
  logFailure: (error: object) => void,
  message: Message,
): Promise<ManagementAnswer> {
  // As it came, with fields of a later release: a seal is bound to all of it.
  const card =
    sealedCard === undefined ? undefined : { sealed: sealedCard, into: message.json() as SealedCard["into"] };
  try {
    const [service = "", name = ""] = method.split("/");
    const described = API_REGISTRY.getService(service)?.methods.find((one) => one.name === name);
    const handle = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (described === undefined || handle === undefined) throw unknownMethod();
    const read = messageFromJson(described.input, request as ExactJsonObject);
    // A field that this release does not know was set on purpose: nobody acts on half of a request.
    if (read.violations.length > 0) throw invalidRequest(read.violations);
    const response = await handle({ actor, request: read.message as never, ...(card && { card }) });
    // The fields that are set: the gateway fills in the defaults of its release.
    const json = messageToJson(described.output, response, "set");
    return { version: MESSAGE_VERSION, response: json as never };
  } catch (error) {
    const known = managementErrorOf(error);
    if (known.code === "INTERNAL" || known.code === "UNAVAILABLE") {
      logFailure({ err: error, method, actor, trace: traceIdOf(message.traceparent) });
    }
    const { code, reason, violations, metadata, retryAfterMs } = known;
    const told = { code, reason, message: known.message, violations: [...violations], metadata: { ...metadata } };
    return { version: MESSAGE_VERSION, error: { ...told, ...(retryAfterMs !== undefined && { retryAfterMs }) } };
  }
}

function unknownMethod(): ManagementError {
  return new ManagementError("UNIMPLEMENTED", "METHOD_UNKNOWN", "This release of the service has no such method.");
}

/** What a caller hears about a failure: nothing about one that nobody foresaw. */
function managementErrorOf(error: unknown): ManagementError {
  if (error instanceof ManagementError) return error;
  // A value that the database does not take, and that no check has named.
  if (isFaultOfTheMessage(error)) {
    const sentence = "The request has a value that cannot be looked for or kept.";
    return new ManagementError("INVALID_ARGUMENT", "INVALID_FIELDS", sentence, { cause: error });
  }
  if (isTransient(error)) {
    return new ManagementError("UNAVAILABLE", "OWNER_BUSY", "The service cannot do this just now; call again.", {
      retryAfterMs: RETRY_AFTER_MS,
      cause: error,
    });
  }
  return new ManagementError("INTERNAL", "INTERNAL", "The service failed; the failure was logged.", { cause: error });
}
