/** The span of a call: within its caller's trace, exported where telemetry is on, and named to the caller either way. */
import {
  type Attributes,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { serviceTracer } from "../platform/tracer.js";
import { holdsCardNumber } from "../shared/card-number-in-text.js";
import { continueTrace } from "./trace-context.js";

/** A `tracestate` has at least to be passed on up to this length (W3C Trace Context, 3.3.1.5); a longer one is not. */
const MAXIMUM_TRACESTATE = 512;

/** What a caller says of its trace. */
export interface CallerTrace {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

export interface CallTrace {
  /** Of the call's own span. */
  readonly traceparent: string;
  /** The caller's, where its trace is continued. */
  readonly tracestate: string | undefined;
  /** To be called once. `error` is the reason of a failure of our own. */
  end(attributes: Attributes, error?: string): void;
}

/** Starts the span of a call. `name` is low in cardinality: a method, or a method and a route. */
export function startCallTrace(caller: CallerTrace, name: string, attributes: Attributes): CallTrace {
  // Says whether the caller's trace can be continued, and makes ids where no tracer does.
  const made = continueTrace(caller.traceparent);
  const parent = parentOf(caller, made);
  const at = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const span = serviceTracer().startSpan(name, { kind: SpanKind.SERVER, attributes }, at);
  const own = span.spanContext();
  // Without a tracer the span is the parent itself, or nothing.
  const traced = trace.isSpanContextValid(own) && own.spanId !== parent?.spanId;
  return {
    traceparent: traced ? `00-${own.traceId}-${own.spanId}-0${own.traceFlags & TraceFlags.SAMPLED}` : made,
    tracestate: parent?.traceState?.serialize() || undefined,
    end(ended, error) {
      span.setAttributes(ended);
      if (error !== undefined) span.setAttribute("error.type", error).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** The caller's span, where its trace is continued. */
function parentOf({ traceparent = "", tracestate }: CallerTrace, made: string): SpanContext | undefined {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  if (traceId === "" || made.slice(3, 35) !== traceId) return undefined;
  const passed = tracestate !== undefined && tracestate.length <= MAXIMUM_TRACESTATE && !holdsCardNumber(tracestate);
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(passed && { traceState: createTraceState(tracestate) }),
  };
}
