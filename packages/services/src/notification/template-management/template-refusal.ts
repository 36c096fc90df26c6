/** What is refused of a template, by the API and by the command line alike. */
import { type ManagementCode, ManagementError } from "../../shared/management-error.js";
import type { Violation } from "../../shared/violation.js";

/** The reasons, each with its code. */
const CODES = {
  INVALID_TEMPLATE: "INVALID_ARGUMENT",
  UNUSABLE_TEMPLATE: "FAILED_PRECONDITION",
  TEMPLATE_NOT_FOUND: "NOT_FOUND",
  TEMPLATE_VERSION_NOT_FOUND: "NOT_FOUND",
  NOTHING_TO_ROLL_BACK: "FAILED_PRECONDITION",
  OTHER_VERSION_ACTIVE: "FAILED_PRECONDITION",
  REQUEST_ID_REUSED: "ALREADY_EXISTS",
  TOO_MANY_VERSIONS: "RESOURCE_EXHAUSTED",
} as const satisfies Readonly<Record<string, ManagementCode>>;

/** The error to throw, before anything is changed. The message says what to do, to people. */
export function refusal(
  reason: keyof typeof CODES,
  message: string,
  violations: readonly Violation[] = [],
): ManagementError {
  return new ManagementError(CODES[reason], reason, message, { violations });
}
