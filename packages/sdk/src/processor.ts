/** From a queue, through a handler, to others: batches, retries and dead letters. */
import type { BreakerOptions, BreakerState } from "./breaker.js";
import type { Subscription } from "./consumer.js";
import type { Destination } from "./destination.js";
import type { Message, Outgoing, SendOptions } from "./message.js";
import type { StandardSchemaV1 } from "./standard-schema.js";

/** One message of a batch with its validated body. */
export interface Incoming<Body> {
  readonly body: Body;
  readonly message: Message;
}

/** What becomes of one message of a batch. `{}` accepts it and sends nothing. */
export interface Outcome {
  /**
   * Sent before the message is accepted. Persistent ones are confirmed by the broker first; non-persistent ones go
   * unconfirmed, at most once. The trace context of the message passes on to them.
   */
  readonly send?: readonly Outgoing[];
  /** Sets the message aside on the processor's dead-letter destination with this reason. */
  readonly deadLetter?: string;
}

/** How a failure of the handler is met. */
export type ErrorClass =
  /** The world is not ready (a database away, a time-out): the same batch is tried again, for as long as it takes. */
  | "transient"
  /**
   * Nobody foresaw it, so it is not counted against the message: as `transient`, but the batch is halved to see whether
   * some of it gets through. What fails alone while others get through is held and tried again by itself.
   */
  | "unknown"
  /** This batch cannot be handled: it is split until the one bad message is alone, which is then tried again by the broker. */
  | "permanent"
  /** As `permanent`, but trying again cannot help: the one bad message is set aside when it first fails alone. */
  | "poison";

/** How a processor finds a message that kills its process; the broker does not count such deliveries. */
export interface CrashJournalOptions {
  /** A folder that survives the process, for this instance alone; made when it is missing. */
  readonly directory: string;
  /** Crashes in a row with the message alone in hand before it is set aside [3]. */
  readonly maximumCrashes?: number;
}

/** A step of a pipeline: what it reads, what it does with a batch, where outcomes go; each default in brackets. */
export interface ProcessorOptions<S extends StandardSchemaV1> {
  /** Names it in logs and metrics. */
  readonly name: string;
  readonly from: Destination;
  readonly subscription?: Subscription;
  readonly selector?: string;
  /** Where outcomes go that name no destination. */
  readonly to?: Destination;
  /** Headers for what goes to `to`. */
  readonly toOptions?: Omit<SendOptions, "signal" | "duplicateId">;
  /** Checks each body. A message that does not fit goes to `deadLetter` with the reason. */
  readonly schema: S;
  /** Where bad messages are set aside. Default: they are rejected, and the broker's own rule applies. */
  readonly deadLetter?: Destination;
  readonly batch?: {
    /** Messages in one call of the handler [200]. A batch never waits to be full. */
    readonly maximumSize?: number;
    /** Batches being handled at once [1]. */
    readonly concurrency?: number;
    /**
     * Messages of one group (JMSXGroupID) are handled in order and never at once. A message that fails holds its group:
     * it is tried again in memory and set aside after `maximumDeliveries` attempts [false].
     */
    readonly orderedByGroup?: boolean;
  };
  readonly retry?: {
    /** Attempts at once in memory for a permanent error before the batch is split [1]; a transient error has no limit. */
    readonly attempts?: number;
    /**
     * Failures for an unknown reason, in a row and in one delivery, after which a message is set aside all the same.
     * With it an outage that `classify` does not name can set everything aside [no limit].
     */
    readonly maximumUnknownAttempts?: number;
    /** First waiting time, doubled each time, with jitter [50]. */
    readonly initialDelayMs?: number;
    /** [5,000] */
    readonly maximumDelayMs?: number;
    /**
     * A lone message that failed is scheduled again: the broker delivers a copy after so many milliseconds, doubled
     * with each attempt. The message is accepted once the broker holds the copy. The copy carries the attempts so far
     * as `redelivery_attempts`. Needs a queue, and the right to send to it [none: released, and the broker's rule
     * applies].
     */
    readonly redeliveryDelayMs?: number;
    /** The longest of these delays [3,600,000]. */
    readonly maximumRedeliveryDelayMs?: number;
  };
  /** Stops asking for messages while the world is not ready [none]. */
  readonly breaker?: BreakerOptions;
  /** Sets messages aside that kill the process [none]. */
  readonly crashJournal?: CrashJournalOptions;
  /** A lone message that still fails at its n-th attempt, redeliveries included, is set aside as a dead letter [5]. */
  readonly maximumDeliveries?: number;
  /**
   * Sorts the handler's errors. Default, and where it returns none of these words: a MessagingError that is `retryable`
   * is `transient`, and one with the code `invalid-body` is `permanent`. Everything else is `unknown`: the application
   * must say that a message is at fault.
   */
  readonly classify?: (error: unknown) => ErrorClass;
  /** Batch in, one outcome for each message out, in the same order. `signal` aborts when draining runs out of time. */
  handle(
    batch: readonly Incoming<StandardSchemaV1.InferOutput<S>>[],
    context: { readonly signal: AbortSignal },
  ): readonly Outcome[] | Promise<readonly Outcome[]>;
  /** Called with what happens beside the ordinary [of failures, {@link ConnectOptions.onError}]. */
  readonly onEvent?: (event: ProcessorEvent) => void;
}

/** What a processor reports when things go wrong: it tries again, sets a message aside, or releases one. */
export type ProcessorEvent =
  | {
      readonly name: "retry";
      readonly attempt: number;
      readonly delayMs: number;
      readonly size: number;
      readonly error: unknown;
    }
  | { readonly name: "dead-letter"; readonly message: Message; readonly reason: string; readonly error?: unknown }
  | { readonly name: "released"; readonly message: Message; readonly error: unknown }
  | {
      readonly name: "redelivery-scheduled";
      readonly message: Message;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: unknown;
    }
  /** This message fails alone while others get through, and is tried again by itself after `delayMs`. */
  | {
      readonly name: "held";
      readonly message: Message;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: unknown;
    }
  | { readonly name: "breaker"; readonly state: BreakerState };

/** Messages that do not get through, although nothing is known to be wrong with them. */
export interface Held {
  /** `step`: all wait, for what the handler or its outcomes need is not there. `messages`: only these; others go on. */
  readonly name: "step" | "messages";
  /** How many are in hand; 0 when the processor cannot read its source. */
  readonly messages: number;
  /** When the first of them failed: milliseconds since 1970. */
  readonly sinceMs: number;
  /** The latest failure of the one that waits longest. */
  readonly cause: unknown;
}

/** A running step; it takes batches until it is drained or disposed of. */
export interface Processor extends AsyncDisposable {
  /** Counts since the start. */
  readonly counts: { readonly handled: number; readonly deadLettered: number; readonly retried: number };
  /** Always `closed` without {@link ProcessorOptions.breaker}. */
  readonly breaker: BreakerState;
  /** What waits to be tried again, for health checks; undefined while all goes well, or the breaker is open. */
  readonly held: Held | undefined;
  /** Stops taking, finishes what is held (at most `timeoutMs`, default 10,000), closes. What is left over comes again. */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
}
