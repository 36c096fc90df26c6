import { checkId } from "../../shared/accounts/check-changes.js";
import { isClientId } from "../../shared/client-id.js";
import type { FieldCheck } from "../../shared/field-checks.js";

/** Checks the id of a client that a call names. */
export function checkClientId(id: string, check: FieldCheck): void {
  checkId(id, isClientId, "the id of a client, such as c-0001", check);
}
