/** The options of a processor, parsed once: every default in one place, conflicts refused with a sentence. */
import { checkDestination, checkFunction, checkNames, checkText, LONGEST_WAIT_MS, namesOf } from "../arguments.js";
import type { BackOffLimits } from "../back-off.js";
import type { BreakerOptions } from "../breaker.js";
import type { Consumer, Subscription } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { SendOptions } from "../message.js";
import type { ErrorClass, Incoming, Outcome, ProcessorEvent, ProcessorOptions } from "../processor.js";
import type { StandardSchemaV1 } from "../standard-schema.js";
import type { BreakerSettings } from "./breaker.js";
import type { CrashJournalSettings } from "./crash-journal.js";
import { handlerFailureClass } from "./failure-class.js";
import type { RedeliveryLimits } from "./redelivery.js";

const DEFAULT_MAXIMUM_SIZE = 200;
const DEFAULT_CONCURRENCY = 1;
const DEFAULT_ATTEMPTS = 1;
const DEFAULT_INITIAL_DELAY_MS = 50;
const DEFAULT_MAXIMUM_DELAY_MS = 5_000;
const DEFAULT_MAXIMUM_DELIVERIES = 5;
const DEFAULT_MAXIMUM_REDELIVERY_DELAY_MS = 3_600_000;
const DEFAULT_AFTER_FAILURES = 5;
const DEFAULT_HALF_OPEN_AFTER_MS = 10_000;
const DEFAULT_PROBE_SIZE = 1;
const DEFAULT_MAXIMUM_CRASHES = 3;
/** One share of the window is being handled while the other arrives. */
const WINDOW_SHARES = 2;

type Options = ProcessorOptions<StandardSchemaV1>;

const OPTIONS = namesOf<Options>({
  name: true,
  from: true,
  subscription: true,
  selector: true,
  to: true,
  toOptions: true,
  schema: true,
  deadLetter: true,
  batch: true,
  retry: true,
  breaker: true,
  crashJournal: true,
  maximumDeliveries: true,
  classify: true,
  handle: true,
  onEvent: true,
});
/** The names within the options that are objects. */
const WITHIN = {
  batch: namesOf<NonNullable<Options["batch"]>>({ maximumSize: true, concurrency: true, orderedByGroup: true }),
  retry: namesOf<NonNullable<Options["retry"]>>({
    attempts: true,
    maximumUnknownAttempts: true,
    initialDelayMs: true,
    maximumDelayMs: true,
    redeliveryDelayMs: true,
    maximumRedeliveryDelayMs: true,
  }),
  crashJournal: namesOf<NonNullable<Options["crashJournal"]>>({ directory: true, maximumCrashes: true }),
} as const;
const BREAKER = namesOf<BreakerOptions>({ afterFailures: true, halfOpenAfterMs: true, probeSize: true });

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
  /** Infinity: a message that fails alone for an unknown reason is held for as long as it takes. */
  readonly maximumUnknownAttempts: number;
  /** Undefined: a lone failure is released. */
  readonly redelivery: RedeliveryLimits | undefined;
  readonly breaker: BreakerSettings | undefined;
  readonly crashJournal: CrashJournalSettings | undefined;
  readonly orderedByGroup: boolean;
  readonly classify: (error: unknown) => ErrorClass;
  readonly handle: Handle;
  readonly onEvent: ((event: ProcessorEvent) => void) | undefined;
}

/**
 * Parses the options.
 * @throws MessagingError `invalid-argument` naming the option.
 */
export function parseProcessorOptions<S extends StandardSchemaV1>(options: ProcessorOptions<S>): ProcessorSettings {
  checkNames("The options of process", options, OPTIONS);
  if (typeof options.name !== "string" || options.name.trim() === "") {
    throw new MessagingError("invalid-argument", "A processor needs a name: a non-empty string.");
  }
  if (typeof options.handle !== "function") {
    throw new MessagingError("invalid-argument", `Processor ${options.name}: handle must be a function.`);
  }
  checkParts(options);
  const whole = wholeNumbers(`Processor ${options.name}`);
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
    maximumUnknownAttempts:
      options.retry?.maximumUnknownAttempts === undefined
        ? Number.POSITIVE_INFINITY
        : whole("retry.maximumUnknownAttempts", options.retry.maximumUnknownAttempts, 1, 1),
    classify: options.classify ?? handlerFailureClass,
    redelivery: redeliveryLimits(options, whole),
    breaker: options.breaker && breakerSettings(options.breaker, `Processor ${options.name}`),
    crashJournal: crashJournalSettings(options, whole),
    orderedByGroup: options.batch?.orderedByGroup ?? false,
    // The schema's output type is what handle takes; inside, both are unknown.
    handle: options.handle.bind(options) as Handle,
    onEvent: options.onEvent,
  };
}

function checkParts<S extends StandardSchemaV1>(options: ProcessorOptions<S>): void {
  const whose = `Processor ${options.name}`;
  checkDestination(`${whose}: from`, options.from);
  if (options.to !== undefined) checkDestination(`${whose}: to`, options.to);
  if (options.deadLetter !== undefined) checkDestination(`${whose}: deadLetter`, options.deadLetter);
  checkText(`${whose}: selector`, options.selector);
  checkFunction(`${whose}: classify`, options.classify);
  checkFunction(`${whose}: onEvent`, options.onEvent);
  for (const part of ["batch", "retry", "crashJournal"] as const) {
    if (options[part] !== undefined) checkNames(`${whose}: ${part}`, options[part], WITHIN[part]);
  }
  if (typeof options.schema?.["~standard"]?.validate !== "function") {
    throw new MessagingError(
      "invalid-argument",
      `${whose}: schema must be a Standard Schema, as zod's and valibot's are.`,
    );
  }
}

type Whole = (option: string, value: number | undefined, fallback: number, least: number) => number;

function wholeNumbers(whose: string): Whole {
  return (option, value, fallback, least) => {
    const chosen = value ?? fallback;
    // A longer time fires a timer of Node at once.
    if (!Number.isSafeInteger(chosen) || chosen < least || (option.endsWith("Ms") && chosen > LONGEST_WAIT_MS)) {
      throw new MessagingError("invalid-argument", `${whose}: ${option} must be a whole number of at least ${least}.`);
    }
    return chosen;
  };
}

function redeliveryLimits<S extends StandardSchemaV1>(
  { name, from, batch, retry }: ProcessorOptions<S>,
  whole: Whole,
): RedeliveryLimits | undefined {
  if (retry?.redeliveryDelayMs === undefined) return undefined;
  const refusal =
    from.kind !== "queue"
      ? "a copy sent to a topic would reach every subscription; read the subscription's queue as `address::queue`"
      : batch?.orderedByGroup === true
        ? "a copy that comes later is overtaken by its group; leave out one of it and batch.orderedByGroup"
        : undefined;
  if (refusal !== undefined) {
    throw new MessagingError(
      "invalid-argument",
      `Processor ${name}: retry.redeliveryDelayMs cannot be used here: ${refusal}.`,
    );
  }
  return {
    initialDelayMs: whole("retry.redeliveryDelayMs", retry.redeliveryDelayMs, 0, 0),
    maximumDelayMs: whole(
      "retry.maximumRedeliveryDelayMs",
      retry.maximumRedeliveryDelayMs,
      DEFAULT_MAXIMUM_REDELIVERY_DELAY_MS,
      0,
    ),
  };
}

/** The options of a breaker with every default. @throws MessagingError `invalid-argument` naming the option and `whose` it is. */
export function breakerSettings(options: BreakerOptions, whose: string): BreakerSettings {
  checkNames(`${whose}: breaker`, options, BREAKER);
  const whole = wholeNumbers(whose);
  return {
    afterFailures: whole("breaker.afterFailures", options.afterFailures, DEFAULT_AFTER_FAILURES, 1),
    halfOpenAfterMs: whole("breaker.halfOpenAfterMs", options.halfOpenAfterMs, DEFAULT_HALF_OPEN_AFTER_MS, 1),
    probeSize: whole("breaker.probeSize", options.probeSize, DEFAULT_PROBE_SIZE, 1),
  };
}

function crashJournalSettings<S extends StandardSchemaV1>(
  { name, crashJournal }: ProcessorOptions<S>,
  whole: Whole,
): CrashJournalSettings | undefined {
  if (crashJournal === undefined) return undefined;
  const { directory, maximumCrashes } = crashJournal;
  if (typeof directory !== "string" || directory.trim() === "") {
    throw new MessagingError("invalid-argument", `Processor ${name}: crashJournal.directory must name a folder.`);
  }
  return {
    directory,
    maximumCrashes: whole("crashJournal.maximumCrashes", maximumCrashes, DEFAULT_MAXIMUM_CRASHES, 1),
  };
}
