/** The `Idempotency-Key` header of HTTP: another place for the request_id. */

import { checkRequestId, collectInto } from "../shared/field-checks.js";
import type { Violation } from "./api-error.js";

/** How violations name the header. */
export const IDEMPOTENCY_KEY = "Idempotency-Key";

/**
 * It may be quoted, as the draft draft-ietf-httpapi-idempotency-key-header has it, or bare. What is wrong with it is said
 * of the header.
 */
export function withIdempotencyKey<Request extends { requestId: string }>(
  request: Request,
  header: string | string[] | undefined,
): { readonly request: Request; readonly violations: readonly Violation[] } {
  if (header === undefined) return { request, violations: [] };
  const key = header.toString().replace(/^"(.*)"$/, "$1");
  const violations: Violation[] = [];
  checkRequestId(key, collectInto(violations), IDEMPOTENCY_KEY);
  if (request.requestId === "" || request.requestId === key) {
    return { request: { ...request, requestId: key }, violations };
  }
  violations.push({ field: IDEMPOTENCY_KEY, description: "differs from the requestId of the body" });
  return { request, violations };
}
