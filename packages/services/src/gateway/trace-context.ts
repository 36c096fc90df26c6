/** W3C Trace Context, level 2: continuing a caller's trace, or starting one. */
import { pooledRandomBytes } from "../platform/random-bytes.js";
import { traceIdHoldsCardNumber } from "../shared/card-number-in-text.js";

// A version that is not ours may carry more after the flags (section 3.2.4); ff is forbidden, and so are ids of zeros.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?$/;

/**
 * The header of HTTP's answers, and the trailer of gRPC's, that names the span of the call, whether it succeeded or
 * failed (W3C Trace Context, level 2 draft, "traceresponse"). Its form is that of `traceparent`.
 */
export const TRACE_HEADER = "traceresponse";

const VERSION_00_LENGTH = 55;
const SAMPLED = 0x01;

/**
 * The `traceparent` of a new span: within the trace of `incoming` where that is valid, else in a trace of its own.
 * Whether the trace is sampled stays the caller's decision; a new trace is sampled. A trace id that could hold a card
 * number is not continued, because it would be in every log.
 */
export function continueTrace(incoming: string | undefined): string {
  const random = pooledRandomBytes(24).toString("hex");
  const spanId = random.slice(32);
  const match = incoming === undefined ? null : TRACEPARENT.exec(incoming);
  if (!incoming || !match || (incoming.startsWith("00") && incoming.length !== VERSION_00_LENGTH)) {
    return `00-${random.slice(0, 32)}-${spanId}-01`;
  }
  if (traceIdHoldsCardNumber(match[1] ?? "")) return continueTrace(undefined);
  const sampled = Number.parseInt(match[2] ?? "", 16) & SAMPLED;
  return `00-${match[1]}-${spanId}-0${sampled}`;
}
