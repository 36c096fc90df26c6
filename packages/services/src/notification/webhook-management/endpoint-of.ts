/** The endpoint that a call names: its merchant's, or none. */
import type { Session } from "../../platform/database.js";
import { checked } from "../../shared/checked.js";
import { REQUIRED } from "../../shared/field-checks.js";
import { ManagementError } from "../../shared/management-error.js";
import type { EndpointRecord } from "../endpoint-record.js";
import { findEndpoint } from "../operations/find-endpoints.js";

/** The form of an id. */
export const ENDPOINT_ID = /^we_[0-9a-f]{32}$/;

/** @throws ManagementError NOT_FOUND, INVALID_ARGUMENT without an id. */
export async function endpointOf(session: Session, merchantId: string, id: string): Promise<EndpointRecord> {
  return (await findEndpoint(session, { merchantId, id: endpointIdOf(id) })) ?? endpointNotFound();
}

/** An id as it may be looked for. @throws ManagementError NOT_FOUND of what is no id, INVALID_ARGUMENT without one. */
export function endpointIdOf(id: string): string {
  checked((check) => check(id !== "", "id", REQUIRED));
  return ENDPOINT_ID.test(id) ? id : endpointNotFound();
}

/** @throws ManagementError NOT_FOUND */
export function endpointNotFound(): never {
  throw new ManagementError("NOT_FOUND", "WEBHOOK_ENDPOINT_NOT_FOUND", "There is no such webhook endpoint.");
}
