/** Calls over HTTP that are not about payments: an operator's, and those of a merchant who prepares itself. */
import { causeOf } from "./merchant.js";

/** After this time a call that has no answer is made again. */
const CALL_TIMEOUT_MS = 10_000;

/** How such a call ended. */
export type CallEnd =
  | { readonly kind: "done"; readonly body: unknown }
  /** Nothing is known: it may have been done, and is to be made again. */
  | { readonly kind: "unknown"; readonly why: string }
  /** An answer that a correct call must never get. */
  | { readonly kind: "refused"; readonly why: string };

/** Posts a JSON body. */
export async function callApi(url: string, token: string, body: object): Promise<CallEnd> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    return judgeCall(response.status, await response.text());
  } catch (error) {
    return { kind: "unknown", why: causeOf(error) };
  }
}

/** What a status and a body say. */
export function judgeCall(status: number, text: string): CallEnd {
  if (status === 200) return { kind: "done", body: JSON.parse(text) };
  if (status === 429 || status === 503 || status === 504) return { kind: "unknown", why: `HTTP ${status}` };
  return { kind: "refused", why: `HTTP ${status} ${text}` };
}
