/** ClientService: what an operator sees of the bank's clients, and does to them. */
import type {
  ClientServiceServer,
  GetClientRequest,
  GetClientResponse,
} from "../../gen/quittance/accounts/v1/clients.js";
import type { Database } from "../../platform/database.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { ManagementError } from "../../shared/management-error.js";
import { findClient } from "../operations/find-client.js";
import { clientOf } from "./client-resource.js";

export interface ClientServiceParts {
  readonly database: Database;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
}

/** The handlers of every method. */
export function clientService(
  parts: ClientServiceParts,
): ServiceHandlers<"quittance.accounts.v1.ClientService", ClientServiceServer> {
  return {
    "quittance.accounts.v1.ClientService/GetClient": (call) => getClient(parts, call),
  };
}

async function getClient(
  { database }: ClientServiceParts,
  { request }: ManagementCall<GetClientRequest>,
): Promise<GetClientResponse> {
  const row = await database.autoCommit((session) => findClient(session, request.id));
  if (row === undefined) throw noSuchClient();
  return { client: clientOf(row) };
}

function noSuchClient(): ManagementError {
  return new ManagementError("NOT_FOUND", "CLIENT_NOT_FOUND", "There is no such client.");
}
