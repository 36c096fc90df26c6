/** What a requester is sent in place of a reply that could not be sent: so that it fails at once, and not by its time-out. */
import { MessagingError, type MessagingErrorCode } from "../errors.js";
import type { Message, OutgoingMessage } from "../message.js";

/** JMS properties of such a message, which has no body. */
const CODE_PROPERTY = "reply_error";
const REASON_PROPERTY = "reply_error_reason";
const MAXIMUM_REASON_LENGTH = 1_000;

/** Failures after which the same request may be answered; any other one would come again. */
const PASSING: ReadonlySet<unknown> = new Set<MessagingErrorCode>([
  "address-full",
  "released",
  "timed-out",
  "window-full",
]);
/** The requester, or the connection, is gone: there is nobody to tell, and nothing that somebody should look into. */
const GONE: ReadonlySet<MessagingErrorCode> = new Set(["not-found", "connection-lost", "closed"]);

/** Whether a reply failed because no requester waits for it. */
export function isRequesterGone(error: unknown): boolean {
  return error instanceof MessagingError && GONE.has(error.code);
}

/** Tells a requester that its reply could not be sent. */
export function failureReply(error: unknown): OutgoingMessage {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof MessagingError && PASSING.has(error.code) ? error.code : "rejected";
  return { properties: { [CODE_PROPERTY]: code, [REASON_PROPERTY]: reason.slice(0, MAXIMUM_REASON_LENGTH) } };
}

/** The failure that a reply of `address` reports; undefined for a real reply. */
export function failureOf(reply: Message, address: string): MessagingError | undefined {
  const code = reply.properties[CODE_PROPERTY];
  if (code === undefined) return undefined;
  const reason = String(reply.properties[REASON_PROPERTY] ?? "no reason given");
  return new MessagingError(
    PASSING.has(code) ? (code as MessagingErrorCode) : "rejected",
    `The reply of ${address} could not be sent: ${reason}`,
    { destination: address, mayHaveArrived: true },
  );
}
