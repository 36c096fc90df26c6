/** The one error type of the SDK: what happened, to which destination, and whether trying again can help. */

/**
 * The closed set of reasons for which an operation of the SDK fails.
 *
 * | code | meaning | retryable |
 * |---|---|---|
 * | `connection-failed` | no broker could be reached within the limits | yes |
 * | `connection-lost` | the connection broke while the operation was under way | yes |
 * | `authentication-failed` | the broker refused the user or the mechanism | no |
 * | `not-authorized` | the user lacks a right on the destination | no |
 * | `not-found` | the destination does not exist and is not made by itself | no |
 * | `address-full` | the broker has no room for more messages there | yes |
 * | `rejected` | the broker refused this one message | no |
 * | `released` | the broker released this one message unprocessed | yes |
 * | `timed-out` | the operation did not end within its time-out | yes |
 * | `aborted` | the caller's AbortSignal ended the wait | no |
 * | `rolled-back` | the transaction was undone, nothing of it happened: the broker refused to commit, or a send in it had failed | no |
 * | `in-doubt` | the connection broke during a commit: all of the transaction happened, or nothing | no |
 * | `closed` | the connection, producer, consumer or processor is closed | no |
 * | `window-full` | too many sends are in flight already | yes |
 * | `invalid-argument` | an option or a message cannot be used as given | no |
 * | `invalid-body` | a received body, property or entry is not what the reader asked for | no |
 * | `not-supported` | the broker or this release cannot do it | no |
 * | `protocol` | the peer broke the AMQP protocol | no |
 */
export type MessagingErrorCode =
  | "connection-failed"
  | "connection-lost"
  | "authentication-failed"
  | "not-authorized"
  | "not-found"
  | "address-full"
  | "rejected"
  | "released"
  | "timed-out"
  | "aborted"
  | "rolled-back"
  | "in-doubt"
  | "closed"
  | "window-full"
  | "invalid-argument"
  | "invalid-body"
  | "not-supported"
  | "protocol";

/** Whether the same operation can succeed later, for every code that there is. */
const RETRYABLE: Readonly<Record<MessagingErrorCode, boolean>> = {
  "connection-failed": true,
  "connection-lost": true,
  "authentication-failed": false,
  "not-authorized": false,
  "not-found": false,
  "address-full": true,
  rejected: false,
  released: true,
  "timed-out": true,
  aborted: false,
  "rolled-back": false,
  "in-doubt": false,
  closed: false,
  "window-full": true,
  "invalid-argument": false,
  "invalid-body": false,
  "not-supported": false,
  protocol: false,
};

/** What else is known about a failure, beside its code. */
export interface MessagingErrorDetails {
  /** The address concerned, where there is one. */
  readonly destination?: string;
  /** The AMQP error condition that the peer gave, for example `amqp:not-found`. */
  readonly condition?: string;
  /** True when a message may have reached the broker although its confirmation did not come back. Default false. */
  readonly mayHaveArrived?: boolean;
  /** Of several messages that were sent together: those that are not confirmed, each by its place among them. */
  readonly failures?: ReadonlyMap<number, MessagingError>;
  /** The error below this one. */
  readonly cause?: unknown;
}

/** Thrown by everything in the SDK. `message` says what happened, to what, and what to do. */
export class MessagingError extends Error {
  override readonly name = "MessagingError";
  readonly code: MessagingErrorCode;
  /** Whether the same operation can succeed later without a change by the caller. */
  readonly retryable: boolean;
  readonly destination: string | undefined;
  readonly condition: string | undefined;
  readonly mayHaveArrived: boolean;
  /**
   * Of `sendAll`: the messages that are not confirmed, each by its place in the array; the broker holds the others.
   * Undefined for every other operation.
   */
  readonly failures: ReadonlyMap<number, MessagingError> | undefined;

  /**
   * Finds the MessagingError in whatever was caught: `error` itself, or the nearest of its causes. An error that another
   * copy of this package made counts too. Undefined where there is none: `MessagingError.from(error)?.code`.
   */
  static from(error: unknown): MessagingError | undefined {
    let at = error;
    for (let depth = 0; depth < MAXIMUM_DEPTH && typeof at === "object" && at !== null; depth++) {
      if (at instanceof MessagingError) return at;
      if (isOfAnotherCopy(at)) return ownCopyOf(at);
      at = "cause" in at ? at.cause : undefined;
    }
    return undefined;
  }

  constructor(code: MessagingErrorCode, message: string, details: MessagingErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = RETRYABLE[code] === true;
    this.destination = details.destination;
    this.condition = details.condition;
    this.mayHaveArrived = details.mayHaveArrived ?? false;
    this.failures = details.failures;
  }
}

/** How far a chain of causes is followed. */
const MAXIMUM_DEPTH = 16;

/** Two versions of the package in one program have two classes of this name. */
function isOfAnotherCopy(error: object): error is MessagingError {
  if (!(error instanceof Error) || error.name !== "MessagingError" || !("code" in error)) return false;
  return typeof error.code === "string" && Object.hasOwn(RETRYABLE, error.code);
}

function ownCopyOf(other: MessagingError): MessagingError {
  const { code, message, destination, condition, mayHaveArrived } = other;
  return new MessagingError(code, message, {
    ...(typeof destination === "string" && { destination }),
    ...(typeof condition === "string" && { condition }),
    mayHaveArrived: mayHaveArrived === true,
    cause: other,
  });
}
