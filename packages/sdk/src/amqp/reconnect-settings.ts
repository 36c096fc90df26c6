/** When and how often a lost connection is made again, by the option `reconnect` or a failover URL. */
import { atLeast, checkNames, checkWait, namesOf } from "../arguments.js";
import type { BackOffLimits } from "../back-off.js";
import type { ConnectOptions, ReconnectOptions } from "../connection.js";
import { MessagingError } from "../errors.js";
import type { FailoverOptions } from "./failover-url.js";

const DEFAULT_INITIAL_DELAY_MS = 100;
const DEFAULT_MAXIMUM_DELAY_MS = 5_000;
const OPTIONS = namesOf<ReconnectOptions>({ initialDelayMs: true, maximumDelayMs: true, maximumAttempts: true });

export interface ReconnectSettings extends BackOffLimits {
  readonly maximumAttempts: number;
}

/**
 * @returns undefined where a lost connection is not made again
 * @throws MessagingError `invalid-argument`
 */
export function parseReconnect(
  option: ConnectOptions["reconnect"],
  url: FailoverOptions | undefined,
): ReconnectSettings | undefined {
  const given = chosen(option, url);
  if (given === false) return undefined;
  if (given !== undefined) checkNames("The option reconnect", given, OPTIONS);
  checkWait("reconnect.initialDelayMs", given?.initialDelayMs);
  checkWait("reconnect.maximumDelayMs", given?.maximumDelayMs);
  const initialDelayMs = given?.initialDelayMs ?? DEFAULT_INITIAL_DELAY_MS;
  const maximumDelayMs = given?.maximumDelayMs ?? Math.max(DEFAULT_MAXIMUM_DELAY_MS, initialDelayMs);
  if (!(maximumDelayMs >= initialDelayMs)) {
    throw invalid("reconnect.maximumDelayMs must not be less than reconnect.initialDelayMs.");
  }
  const maximumAttempts =
    given?.maximumAttempts === undefined
      ? Number.POSITIVE_INFINITY
      : atLeast(1, "reconnect.maximumAttempts", given.maximumAttempts);
  return { initialDelayMs, maximumDelayMs, maximumAttempts };
}

/** What the failover URL says may not be said a second time. */
function chosen(given: ConnectOptions["reconnect"], url: FailoverOptions | undefined): ConnectOptions["reconnect"] {
  const { initialDelayMs, maximumDelayMs, maximumAttempts } = url ?? {};
  if (initialDelayMs === undefined && maximumDelayMs === undefined && maximumAttempts === undefined) return given;
  if (given !== undefined) {
    throw invalid("Reconnection is described twice: in the failover URL and in the option reconnect.");
  }
  if (maximumAttempts === 0) return false;
  return {
    ...(initialDelayMs !== undefined && { initialDelayMs }),
    ...(maximumDelayMs !== undefined && { maximumDelayMs }),
    ...(maximumAttempts !== undefined && maximumAttempts !== Number.POSITIVE_INFINITY && { maximumAttempts }),
  };
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
