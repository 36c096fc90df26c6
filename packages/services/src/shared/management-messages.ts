/**
 * Calls of the management APIs, which the gateway passes on to the services that own them, under the same rules as the
 * messages in messages.ts. A call and its answer hold the method's messages in protobuf's JSON mapping.
 */
import { z } from "zod";
import type { MessageKind } from "../topology/channel-table.js";
import type { ServiceName } from "../topology/system-table.js";
import { MANAGEMENT_CODES } from "./management-error.js";
import { MESSAGE_VERSION } from "./messages.js";

/** The kinds of messages that a service is called with, and answers with. */
interface ManagementKinds {
  readonly call: MessageKind;
  readonly answer: MessageKind;
}

/** The services that own methods of the API. */
export const MANAGEMENT_KINDS = {
  "client-bank": { call: "client-management", answer: "client-management-reply" },
  "merchant-bank": { call: "merchant-management", answer: "merchant-management-reply" },
  notification: { call: "notification-management", answer: "notification-management-reply" },
} as const satisfies Partial<Record<ServiceName, ManagementKinds>>;
export type MethodOwner = keyof typeof MANAGEMENT_KINDS;

const version = z.literal(MESSAGE_VERSION);
const json = z.record(z.string(), z.json());

/** From the gateway to the owner of the method. */
export const managementCall = z.object({
  version,
  /** For example `quittance.accounts.v1.ClientService/GetClient`. */
  method: z
    .string()
    .max(200)
    .regex(/^[a-z][a-z0-9_.]*\.[A-Z][A-Za-z0-9]*\/[A-Z][A-Za-z0-9]*$/),
  /** The subject of the caller's token, which the gateway has checked together with its scope. */
  actor: z.string().min(1).max(64),
  /** Without the fields that have their default value: an owner of an older release meets none that it does not know. */
  request: json,
  /** A card that the request had, sealed for card-validation into this message. */
  sealedCard: z.string().min(1).max(4_096).optional(),
});
export type ManagementCallMessage = z.infer<typeof managementCall>;

const error = z.object({
  /** One that a later release added is told as INTERNAL. */
  code: z.enum(MANAGEMENT_CODES).catch("INTERNAL"),
  reason: z
    .string()
    .max(63)
    .regex(/^[A-Z][A-Z0-9_]*$/),
  message: z.string().max(1_000),
  violations: z.array(z.object({ field: z.string(), description: z.string() })).max(100),
  metadata: z.record(z.string(), z.string()),
  retryAfterMs: z.int().min(0).optional(),
});

/** From the owner back to the gateway: what the method answers, or why it does not. */
export const managementAnswer = z.union([z.object({ version, response: json }), z.object({ version, error })]);
export type ManagementAnswer = z.infer<typeof managementAnswer>;
