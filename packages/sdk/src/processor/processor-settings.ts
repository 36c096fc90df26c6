/** The options of a processor, parsed once: every default in one place, conflicts refused with a sentence. */
import type {
  Consumer,
  ErrorClass,
  Incoming,
  Outcome,
  ProcessorEvent,
  ProcessorOptions,
  Subscription,
} from "../connection.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { SendOptions } from "../message.js";
import type { StandardSchemaV1 } from "../standard-schema.js";
import type { BackOffLimits } from "./back-off.js";

const DEFAULT_MAXIMUM_SIZE = 200;
const DEFAULT_CONCURRENCY = 1;
const DEFAULT_ATTEMPTS = 1;
const DEFAULT_INITIAL_DELAY_MS = 50;
const DEFAULT_MAXIMUM_DELAY_MS = 5_000;
const DEFAULT_MAXIMUM_DELIVERIES = 5;
/** One share of the window is being handled while the other arrives. */
const WINDOW_SHARES = 2;

/** The handler with its body type forgotten; the schema has made sure of it. */
export type Handle = (
  batch: readonly Incoming<unknown>[],
  context: { readonly signal: AbortSignal },
) => readonly Outcome[] | Promise<readonly Outcome[]>;

/** {@link ProcessorOptions} with every default filled in. */
export interface ProcessorSettings {
  readonly name: string;
  readonly from: Consumer["destination"];
  readonly subscription: Subscription | undefined;
  readonly selector: string | undefined;
  readonly to: Destination | undefined;
  readonly toOptions: Omit<SendOptions, "signal" | "duplicateId">;
  readonly schema: StandardSchemaV1;
  readonly deadLetter: Destination | undefined;
  readonly maximumSize: number;
  readonly concurrency: number;
  readonly creditWindow: number;
  readonly attempts: number;
  readonly backOff: BackOffLimits;
  readonly maximumDeliveries: number;
  readonly classify: (error: unknown) => ErrorClass;
  readonly handle: Handle;
  readonly onEvent: ((event: ProcessorEvent) => void) | undefined;
}

/**
 * Parses the options.
 * @throws MessagingError `invalid-argument` naming the option.
 */
export function parseProcessorOptions<S extends StandardSchemaV1>(options: ProcessorOptions<S>): ProcessorSettings {
  if (typeof options.name !== "string" || options.name.trim() === "") {
    throw new MessagingError("invalid-argument", "A processor needs a name: a non-empty string.");
  }
  if (typeof options.handle !== "function") {
    throw new MessagingError("invalid-argument", `Processor ${options.name}: handle must be a function.`);
  }
  const whole = (option: string, value: number | undefined, fallback: number, least: number): number => {
    const chosen = value ?? fallback;
    if (!Number.isSafeInteger(chosen) || chosen < least) {
      throw new MessagingError(
        "invalid-argument",
        `Processor ${options.name}: ${option} must be a whole number of at least ${least}.`,
      );
    }
    return chosen;
  };
  const maximumSize = whole("batch.maximumSize", options.batch?.maximumSize, DEFAULT_MAXIMUM_SIZE, 1);
  const concurrency = whole("batch.concurrency", options.batch?.concurrency, DEFAULT_CONCURRENCY, 1);
  const initialDelayMs = whole("retry.initialDelayMs", options.retry?.initialDelayMs, DEFAULT_INITIAL_DELAY_MS, 0);
  return {
    name: options.name,
    from: options.from,
    subscription: options.subscription,
    selector: options.selector,
    to: options.to,
    toOptions: options.toOptions ?? {},
    schema: options.schema,
    deadLetter: options.deadLetter,
    maximumSize,
    concurrency,
    creditWindow: maximumSize * concurrency * WINDOW_SHARES,
    attempts: whole("retry.attempts", options.retry?.attempts, DEFAULT_ATTEMPTS, 1),
    backOff: {
      initialDelayMs,
      maximumDelayMs: whole("retry.maximumDelayMs", options.retry?.maximumDelayMs, DEFAULT_MAXIMUM_DELAY_MS, 0),
    },
    maximumDeliveries: whole("maximumDeliveries", options.maximumDeliveries, DEFAULT_MAXIMUM_DELIVERIES, 1),
    classify: options.classify ?? classifyByRetryable,
    // The schema's output type is what handle takes; inside, both are unknown.
    handle: options.handle.bind(options) as Handle,
    onEvent: options.onEvent,
  };
}

function classifyByRetryable(error: unknown): ErrorClass {
  return error instanceof MessagingError && error.retryable ? "transient" : "permanent";
}
