/** What an answer to a request that is nearly right must be like. */
import { status } from "@grpc/grpc-js";
import type { Answer, DoorName } from "./fuzz-case.js";

/** An answer that reports an error is short; one that succeeded may be a page. */
const MAXIMUM_ERROR_LENGTH = 16_384;
const MAXIMUM_LENGTH = 4_194_304;
/** Longer than any wait, and than a machine with other work needs. */
const MAXIMUM_MS = 35_000;

/** Codes that a caller's mistake may end with. */
const GRPC_CODES: ReadonlySet<number> = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.RESOURCE_EXHAUSTED,
]);

/** What is wrong with an answer, in a sentence that repeats none of it; undefined when nothing is. */
export function faultOf(door: DoorName, answer: Answer, secrets: readonly string[]): string | undefined {
  const { status: code, reason, malformed, text, elapsedMs } = answer;
  const good = door === "http" ? code >= 200 && code < 500 && (code < 300 || code >= 400) : GRPC_CODES.has(code);
  if (!good) return `It was answered with ${door === "http" ? code : status[code]} (${reason ?? "no reason"}).`;
  if (malformed !== undefined) return `Its answer (${code}) has not the documented form: ${malformed}.`;
  if (secrets.some((secret) => text.includes(secret))) return "Its answer repeats a card number or a token.";
  const isError = door === "http" ? code >= 400 : code !== status.OK;
  if (text.length > (isError ? MAXIMUM_ERROR_LENGTH : MAXIMUM_LENGTH))
    return `Its answer has ${text.length} characters.`;
  if (elapsedMs > MAXIMUM_MS) return `It was answered after ${Math.round(elapsedMs)} ms.`;
  return undefined;
}
