/** What every call over gRPC has, whatever its service: who calls, its context and span, its count, its errors. */
import { Metadata, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from "@grpc/grpc-js";
import type { Logger } from "../platform/log.js";
import type { Scope } from "../shared/scopes.js";
import { ApiError } from "./api-error.js";
import { internal } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";
import { type CallTrace, startCallTrace } from "./call-trace.js";
import type { Gateway } from "./gateway.js";
import { addressOf, type GrpcConnections } from "./grpc-connections.js";
import { grpcStatus } from "./grpc-errors.js";
import { readRequest } from "./strict-requests.js";
import { TRACE_HEADER } from "./trace-context.js";

/** Calls that are being answered, for the drain. */
export interface OpenCalls {
  count: number;
}

export interface GrpcCallParts {
  readonly gateway: Gateway;
  readonly log: Logger;
  readonly open: OpenCalls;
  readonly connections: GrpcConnections;
}

export type AnyCall = Pick<
  ServerWritableStream<unknown, unknown>,
  "metadata" | "cancelled" | "getDeadline" | "getPeer"
>;

/** The calls of one service of the API, by its full name. */
export class GrpcCalls {
  readonly #parts: GrpcCallParts;
  readonly #service: string;

  constructor(parts: GrpcCallParts, service: string) {
    this.#parts = parts;
    this.#service = service;
  }

  /** A method that answers once. */
  unary<Request, Response>(
    method: string,
    scope: Scope,
    handle: (context: CallContext, request: Request) => Promise<Response>,
  ): (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => void {
    return (call, callback) => {
      this.#parts.open.count++;
      const trace = this.traceOf(call, method);
      this.contextOf(call, scope, trace)
        .then((context) => handle(context, readRequest(call.request)))
        .then(
          (response) => {
            trace.end({ "rpc.response.status_code": "OK" });
            callback(null, response, trailerOf(trace));
          },
          (error: unknown) => callback(this.told(error, trace)),
        )
        .finally(() => this.#parts.open.count--);
    };
  }

  /** A method that streams its answers. Those that the caller does not take wait here: there must be few of them. */
  streaming<Request, Response>(
    method: string,
    scope: Scope,
    handle: (context: CallContext, request: Request, gone: AbortSignal) => AsyncIterable<Response>,
  ): (call: ServerWritableStream<Request, Response>) => void {
    return (call) => {
      this.#parts.open.count++;
      const trace = this.traceOf(call, method);
      const gone = new AbortController();
      call.once("cancelled", () => gone.abort());
      const answers = async () => {
        const context = await this.contextOf(call, scope, trace);
        for await (const answer of handle(context, readRequest(call.request), gone.signal)) call.write(answer);
      };
      answers()
        .then(() => {
          trace.end({ "rpc.response.status_code": "OK" });
          call.end(trailerOf(trace));
        })
        .catch((error: unknown) => call.emit("error", this.told(error, trace)))
        .finally(() => this.#parts.open.count--);
    };
  }

  /** Who calls, once its token was checked and the call was counted. @throws ApiError */
  async contextOf(call: AnyCall, scope: Scope, trace: CallTrace): Promise<CallContext> {
    const { gateway, connections } = this.#parts;
    const peer = call.getPeer();
    const authorization = headerOf(call, "authorization");
    const merchantId = await gateway.authenticator.authenticate(authorization, scope, addressOf(peer));
    connections.prove(peer);
    gateway.rateLimits.takeCall(merchantId);
    return {
      merchantId,
      traceparent: trace.traceparent,
      tracestate: trace.tracestate,
      deadlineMs: Number(call.getDeadline()),
      isGone: () => call.cancelled,
    };
  }

  /** The status that a call ends with. */
  told(error: unknown, trace: CallTrace): ReturnType<typeof grpcStatus> {
    const known = error instanceof ApiError ? error : internal(error);
    this.#parts.gateway.countRefusal(known);
    if (known.code === "INTERNAL") this.#parts.log.error({ err: known.cause }, "a call failed");
    const status = grpcStatus(known);
    status.metadata.set(TRACE_HEADER, trace.traceparent);
    trace.end({ "rpc.response.status_code": known.code }, known.reason);
    return status;
  }

  /** The span of a call, within its caller's trace, by the conventions for RPC (1.40). */
  traceOf(call: AnyCall, method: string): CallTrace {
    const caller = { traceparent: headerOf(call, "traceparent"), tracestate: headerOf(call, "tracestate") };
    const name = `${this.#service}/${method}`;
    return startCallTrace(caller, name, { "rpc.system.name": "grpc", "rpc.method": name });
  }
}

function headerOf(call: AnyCall, name: string): string | undefined {
  return call.metadata.get(name)[0]?.toString();
}

/** Each call's last metadata names its span, as a failure's does. */
function trailerOf({ traceparent }: CallTrace): Metadata {
  const metadata = new Metadata();
  metadata.set(TRACE_HEADER, traceparent);
  return metadata;
}
