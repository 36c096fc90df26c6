/** Checks of the fields of a management call. */
import { collectInto, type FieldCheck } from "./field-checks.js";
import { invalidRequest } from "./management-error.js";
import type { Violation } from "./violation.js";

/** Runs checks. @throws ManagementError INVALID_ARGUMENT with all that they found. */
export function checked<Result>(checks: (check: FieldCheck) => Result): Result {
  const violations: Violation[] = [];
  const result = checks(collectInto(violations));
  if (violations.length > 0) throw invalidRequest(violations);
  return result;
}
