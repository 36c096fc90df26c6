/** When a webhook that failed is tried again, and when no more. */

export interface RetrySchedule {
  /** Before the second attempt, in milliseconds; doubled for each further one. */
  readonly initialDelayMs: number;
  readonly maximumDelayMs: number;
  /** The last attempt's number. */
  readonly maximumAttempts: number;
  /** No attempt starts later than this after the notification was recorded. */
  readonly maximumAgeMs: number;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

/** 5 s, 10 s, 20 s ... 12 h: sixteen attempts over about two days, at most three. */
export const DEFAULT_RETRY_SCHEDULE: RetrySchedule = {
  initialDelayMs: 5 * SECOND_MS,
  maximumDelayMs: 12 * HOUR_MS,
  maximumAttempts: 16,
  maximumAgeMs: 72 * HOUR_MS,
};

/**
 * Milliseconds from the end of attempt `attempt` (from 1) to the next, or undefined when there is none. Half of each
 * delay is random, so that the webhooks of an hour in which the receiver was away do not come back all at once.
 */
export function nextDelayMs(
  schedule: RetrySchedule,
  failed: { readonly attempt: number; readonly ageMs: number; readonly retryAfterMs?: number },
  random: () => number = Math.random,
): number | undefined {
  if (failed.attempt >= schedule.maximumAttempts) return undefined;
  const full = Math.min(schedule.initialDelayMs * 2 ** (failed.attempt - 1), schedule.maximumDelayMs);
  const delayMs = Math.max(full / 2 + (random() * full) / 2, failed.retryAfterMs ?? 0);
  return failed.ageMs + delayMs > schedule.maximumAgeMs ? undefined : delayMs;
}
