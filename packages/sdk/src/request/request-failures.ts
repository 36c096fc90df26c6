/** Why a request ends without its reply. */
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";

/** What a failure says about its request. */
export interface Asked {
  readonly destination: Destination;
  readonly timeoutMs: number;
  /** Whether it was handed to the connection. */
  sent: boolean;
}

export function timedOut({ destination, timeoutMs, sent }: Asked): MessagingError {
  return new MessagingError("timed-out", `No reply from ${destination.address} within ${timeoutMs} ms.`, {
    destination: destination.address,
    mayHaveArrived: sent,
  });
}

export function lineLost({ destination, sent }: Asked, cause: MessagingError): MessagingError {
  return new MessagingError(
    "connection-lost",
    `The connection broke while ${destination.address} was being asked; the reply cannot come any more.`,
    { destination: destination.address, mayHaveArrived: sent, cause },
  );
}

export function closedMeanwhile({ destination, sent }: Asked, cause: MessagingError | undefined): MessagingError {
  return new MessagingError("closed", `The connection was closed while ${destination.address} was being asked.`, {
    destination: destination.address,
    mayHaveArrived: sent,
    cause,
  });
}

export function aborted(address: string, signal: AbortSignal, sent: boolean): MessagingError {
  return new MessagingError("aborted", `The caller stopped waiting for the reply of ${address}.`, {
    destination: address,
    mayHaveArrived: sent,
    cause: signal.reason,
  });
}
