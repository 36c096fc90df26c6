/** The span of one attempt at a webhook, and the trace context that the receiver gets with it. */
import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { serviceTracer } from "../../platform/tracer.js";
import type { PostedWebhook, PostResult } from "./posted-webhook.js";

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface PostSpan {
  /** `traceparent` and `tracestate`, where the payment has a trace. */
  readonly headers: Readonly<Record<string, string>>;
  end(result: PostResult): void;
}

/** Starts it, within the payment's trace, by the conventions for HTTP (1.40). The URL may hold a secret: it is left out. */
export function startPostSpan(url: URL, { traceparent, tracestate }: PostedWebhook): PostSpan {
  const match = traceparent === null || traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  const parent = match && {
    traceId: match[1] ?? "",
    spanId: match[2] ?? "",
    traceFlags: Number.parseInt(match[3] ?? "0", 16),
    isRemote: true,
    ...(tracestate && { traceState: createTraceState(tracestate) }),
  };
  const span = serviceTracer().startSpan(
    "POST",
    {
      kind: SpanKind.CLIENT,
      attributes: {
        "http.request.method": "POST",
        "server.address": url.hostname,
        "server.port": Number(url.port) || (url.protocol === "https:" ? 443 : 80),
      },
    },
    parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
  );
  const { traceId, spanId, traceFlags } = span.spanContext();
  // Without a tracer the span is its parent, which the receiver gets then.
  const isTold = parent !== null && trace.isSpanContextValid(span.spanContext());
  return {
    headers: isTold
      ? {
          traceparent: `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`,
          ...(tracestate && { tracestate }),
        }
      : {},
    end(result) {
      if (result.kind === "delivered") span.setAttribute("http.response.status_code", result.status);
      else {
        span.setAttribute("error.type", result.kind === "gone" ? "410" : result.reason);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}
