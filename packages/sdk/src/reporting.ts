/** Reports to the application what no promise or exception can: failures of its callbacks, and what its connection goes through. */
import { diag } from "@opentelemetry/api";
import { MessagingError } from "./errors.js";
import type { Message } from "./message.js";

/** A failure of a callback that has no listener of its own. */
export interface UnheardFailure {
  /** What failed, for example `onMessage of the consumer of payment`. */
  readonly what: string;
  readonly error: unknown;
  /** The message concerned, where there is one. */
  readonly message: Message | undefined;
}

/**
 * Where a connection writes what it goes through. `console` is one, and so are the loggers of the usual libraries.
 * Sentences never quote a message's content; errors are passed on as they were thrown.
 */
export interface Logger {
  /** The connection is open or open again, or the application closed it. */
  info(sentence: string): void;
  /** The connection was lost, or a part of it, and is being made again. */
  warn(sentence: string, error?: unknown): void;
  /** The connection ended although nobody closed it, or a callback without a listener failed. */
  error(sentence: string, error?: unknown): void;
}

/** Callbacks that a warning of Node's was about; each gets one. */
const MAXIMUM_WARNED = 1_000;

/** Reports what happens to one connection. */
export class Reporter {
  readonly #onError: ((failure: UnheardFailure) => void) | undefined;
  readonly #logger: Logger | undefined;
  readonly #warned = new Set<string>();

  /** @param onError gets each failure of a callback; without it the logger does, else Node warns of the first of each kind. */
  constructor(onError: ((failure: UnheardFailure) => void) | undefined, logger: Logger | undefined) {
    this.#onError = onError;
    this.#logger = logger;
  }

  info(sentence: string): void {
    this.#log((logger) => logger.info(sentence));
  }

  /** Writes what recovers by itself: to the logger, else to OpenTelemetry's diagnostics. */
  warn(sentence: string, error?: unknown): void {
    if (this.#logger === undefined) diag.warn(sentence, error);
    this.#log((logger) => logger.warn(sentence, error));
  }

  error(sentence: string, error?: unknown): void {
    this.#log((logger) => logger.error(sentence, error));
  }

  /** Reports a callback that failed. */
  report(what: string, error: unknown, message?: Message): void {
    if (this.#onError === undefined) {
      if (this.#logger === undefined) this.#warnOnce(what, error);
      else this.error(`${what} failed: ${described(error)}`, error);
      return;
    }
    try {
      this.#onError({ what, error, message });
    } catch (thrown) {
      this.#warnOnce("onError of the connection", thrown);
    }
  }

  /** A logger that throws stops nothing. */
  #log(write: (logger: Logger) => void): void {
    if (this.#logger === undefined) return;
    try {
      write(this.#logger);
    } catch (thrown) {
      this.#warnOnce("The logger of the connection", thrown);
    }
  }

  #warnOnce(what: string, error: unknown): void {
    if (this.#warned.has(what) || this.#warned.size >= MAXIMUM_WARNED) return;
    this.#warned.add(what);
    process.emitWarning(`${what} failed: ${described(error)}`, {
      type: "QuittanceWarning",
      code: "QUITTANCE_UNHEARD_FAILURE",
      detail: "This is said once. Give connect the option onError, or the callback a listener, to get each.",
    });
  }
}

/** The SDK's own words, or an error's name and place: its message may quote what was in a body. */
function described(error: unknown): string {
  if (error instanceof MessagingError) return error.message;
  if (!(error instanceof Error)) return "it threw what is no Error.";
  const place = /^\s+at .*$/m.exec(error.stack ?? "")?.[0].trim();
  return place === undefined ? `${error.name}.` : `${error.name} ${place}`;
}

const REPORTERS = new WeakMap<object, Reporter>();

/** Whom failures in what was made from this connection are reported to. */
export function reporterOf(connection: object): Reporter {
  let reporter = REPORTERS.get(connection);
  if (reporter === undefined) {
    reporter = new Reporter(undefined, undefined);
    REPORTERS.set(connection, reporter);
  }
  return reporter;
}

/** To be called once, when the connection is made. */
export function reportTo(
  connection: object,
  onError: ((failure: UnheardFailure) => void) | undefined,
  logger: Logger | undefined,
): Reporter {
  const reporter = new Reporter(onError, logger);
  REPORTERS.set(connection, reporter);
  return reporter;
}
