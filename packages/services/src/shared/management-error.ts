/** What a service answers a call of its management API with when it does not do what was asked. */
import { MAXIMUM_VIOLATIONS, type Violation, wrongFields } from "./violation.js";

/** Canonical gRPC codes that a service may answer with. The gateway answers with others by itself. */
export const MANAGEMENT_CODES = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "FAILED_PRECONDITION",
  "ABORTED",
  "RESOURCE_EXHAUSTED",
  "UNIMPLEMENTED",
  "UNAVAILABLE",
  "INTERNAL",
] as const;
export type ManagementCode = (typeof MANAGEMENT_CODES)[number];

/** Why, for programs (`google.rpc.ErrorInfo.reason`). A reason that was once sent never changes its meaning. */
export const MANAGEMENT_REASONS = [
  "INVALID_FIELDS",
  "METHOD_UNKNOWN",
  "REQUEST_ID_REUSED",
  "OWNER_BUSY",
  "INTERNAL",
  "CLIENT_NOT_FOUND",
  "CLIENT_EXISTS",
  "MERCHANT_NOT_FOUND",
  "MERCHANT_EXISTS",
  "ACCOUNT_STATE",
  "BALANCE_NOT_ZERO",
  "CURRENCY_MISMATCH",
  "INSUFFICIENT_FUNDS",
  "CARD_TAKEN",
  "CARD_PRESENT",
  "CARD_MISSING",
  "CARD_NOT_VALID",
  "CARDS_UNAVAILABLE",
  "INVALID_TEMPLATE",
  "UNUSABLE_TEMPLATE",
  "TEMPLATE_NOT_FOUND",
  "TEMPLATE_VERSION_NOT_FOUND",
  "NOTHING_TO_ROLL_BACK",
  "OTHER_VERSION_ACTIVE",
  "TOO_MANY_VERSIONS",
  "WEBHOOK_ENDPOINT_NOT_FOUND",
  "WEBHOOK_ENDPOINT_DISABLED",
  "TOO_MANY_WEBHOOK_ENDPOINTS",
  "TOO_MANY_WEBHOOK_SECRETS",
  "WEBHOOKS_NOT_CONFIGURED",
  "EVENT_NOT_FOUND",
  "EMAIL_NOT_CONFIGURED",
] as const;
export type ManagementReason = (typeof MANAGEMENT_REASONS)[number];

export interface ManagementErrorDetails {
  readonly violations?: readonly Violation[];
  /** For programs, beside the reason. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When the same call is worth another try, in milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Thrown by the handlers of management calls. `message` is meant for people outside, and holds nothing of a request. */
export class ManagementError extends Error {
  override readonly name = "ManagementError";
  readonly code: ManagementCode;
  readonly reason: ManagementReason;
  readonly violations: readonly Violation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;

  constructor(code: ManagementCode, reason: ManagementReason, message: string, details: ManagementErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.violations = details.violations ?? [];
    this.metadata = details.metadata ?? {};
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The error for a request with wrong fields, which names the first 20 of them. */
export function invalidRequest(violations: readonly Violation[]): ManagementError {
  const named = violations.slice(0, MAXIMUM_VIOLATIONS);
  return new ManagementError("INVALID_ARGUMENT", "INVALID_FIELDS", wrongFields(named), { violations: named });
}
