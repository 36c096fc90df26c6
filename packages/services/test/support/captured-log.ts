/** A service's logger for tests: the very same one, writing into memory. */
import { pino } from "pino";
import type { Logger } from "../../dist/platform/log.js";

export interface CapturedLog {
  readonly log: Logger;
  /** Every line so far, as it was written. */
  text(): string;
  /** Every line so far, parsed. */
  lines(): Record<string, unknown>[];
}

export function captureLog(): CapturedLog {
  const written: string[] = [];
  return {
    log: pino({ level: "trace" }, { write: (line: string) => written.push(line) }),
    text: () => written.join(""),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
