/** Calls a method that another service owns: passed on over the broker, answered by what its owner says. */
import type { DescField } from "@bufbuild/protobuf";
import type { Card } from "../gen/quittance/payments/v1/payments.js";
import type { KeyRing } from "../platform/key-ring.js";
import { sealCard } from "../shared/card-seal.js";
import type { ExactJsonObject } from "../shared/exact-json.js";
import { collectInto } from "../shared/field-checks.js";
import { messageFromJson } from "../shared/json-reader.js";
import { messageToJson } from "../shared/json-writer.js";
import type { ManagementReason } from "../shared/management-error.js";
import { MANAGEMENT_KINDS, type ManagementCallMessage, managementAnswer } from "../shared/management-messages.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import { DEFAULT_PAGE_SIZE } from "../shared/pages.js";
import { ApiError, invalidFields, type Violation } from "./api-error.js";
import { type AskParts, askService } from "./ask-service.js";
import { internal, RETRY_AFTER_MS } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";
import type { ManagedMethod } from "./managed-methods.js";
import { checkCard } from "./payment-order.js";
import type { RateLimits } from "./rate-limits.js";
import type { ReadAdmission } from "./read-admission.js";
import { checkLimits } from "./request-limits.js";

export interface CallOwnerParts extends AskParts {
  /** How long an owner may take to answer, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly readAdmission: ReadAdmission;
  readonly rateLimits: RateLimits;
  /** The first one seals cards. */
  readonly sealingKeys: KeyRing;
}

/** The answer must leave so long before the caller's own deadline, in milliseconds. */
const DEADLINE_MARGIN_MS = 100;

/**
 * Carries out a call in ts-proto's types of the method's messages.
 * @throws ApiError what the owner answers; UNAVAILABLE when it does not answer: then it is not known whether it has done
 * what was asked; RESOURCE_EXHAUSTED when too much is being read.
 */
export async function callOwner(
  parts: CallOwnerParts,
  context: CallContext,
  method: ManagedMethod,
  request: object,
): Promise<object> {
  const { merchantId: actor, traceparent, deadlineMs } = context;
  const body = await bodyOf(parts, method, actor, request);
  const { call: kind, answer } = MANAGEMENT_KINDS[method.owner];
  const timeoutMs = Math.max(1, Math.min(parts.readTimeoutMs, deadlineMs - DEADLINE_MARGIN_MS - Date.now()));
  const found = sizeOf(method, request);
  const reply = await parts.readAdmission.run(actor, found, () => {
    if (method.scope.endsWith(":read")) parts.rateLimits.takeReads(actor, found);
    return askService(parts, { kind, answer, body, unanswered: ownerUnavailable }, { timeoutMs, traceparent });
  });
  const answered = managementAnswer.safeParse(reply.json());
  if (!answered.success) throw internal(new Error(`${method.owner} answered ${method.fullName} with another shape.`));
  if ("error" in answered.data) throw apiErrorOf(answered.data.error);
  return messageFromJson(method.output, answered.data.response as ExactJsonObject, "of a later release").message;
}

/** The message to the owner. A card of the request is sealed, and is in it in no other way. */
async function bodyOf(
  { sealingKeys }: CallOwnerParts,
  method: ManagedMethod,
  actor: string,
  request: object,
): Promise<ManagementCallMessage> {
  const { [method.card?.name ?? ""]: card, ...others } = request as Readonly<Record<string, unknown>>;
  const violations: Violation[] = [];
  const asked = messageToJson(method.input, others, "set") as ManagementCallMessage["request"];
  checkLimits(method.input, asked as ExactJsonObject, collectInto(violations));
  const isAbsent = card === undefined && !method.card?.isRequired;
  const details = isAbsent ? undefined : checkCard(card as Card | undefined, collectInto(violations));
  if (violations.length > 0) throw invalidFields(violations);
  const body: ManagementCallMessage = { version: MESSAGE_VERSION, method: method.fullName, actor, request: asked };
  if (details === undefined) return body;
  return { ...body, sealedCard: await sealCard(details, sealingKeys.first.bytes, body) };
}

/** How much a call may read, in what a page holds. */
function sizeOf({ input }: ManagedMethod, request: object): number {
  const isPage = input.fields.some(({ name }: DescField) => name === "page_size");
  if (!isPage) return 1;
  const { pageSize = 0 } = request as { readonly pageSize?: number };
  return pageSize > 0 ? pageSize : DEFAULT_PAGE_SIZE;
}

function ownerUnavailable(cause: unknown): ApiError {
  return new ApiError(
    "UNAVAILABLE",
    "OWNER_UNAVAILABLE",
    "The service did not answer in time, and may have done what was asked; call again with the same request.",
    { retryAfterMs: RETRY_AFTER_MS, cause },
  );
}

function apiErrorOf(error: Extract<ReturnType<typeof managementAnswer.parse>, { error: object }>["error"]): ApiError {
  const { code, reason, message, violations, metadata, retryAfterMs } = error;
  // A reason that a later release added is passed on as it came.
  return new ApiError(code, reason as ManagementReason, message, {
    violations,
    metadata,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
