/** ClientService: what an operator sees of the bank's clients, and does to them. */
import type * as api from "../../gen/quittance/accounts/v1/clients.js";
import { CLIENT_BOOKS } from "../../shared/accounts/account-books.js";
import { AccountChanges } from "../../shared/accounts/account-changes.js";
import { noSuchAccount } from "../../shared/accounts/change-account.js";
import { statementOf } from "../../shared/accounts/entry-resource.js";
import { pageAccounts } from "../../shared/accounts/page-accounts.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { checked } from "../../shared/checked.js";
import { CLIENT_COLUMNS, type ClientRow, findClient } from "../operations/find-clients.js";
import { checkClientId } from "./check-client-id.js";
import { addCard, type ClientServiceParts, createClient, removeCard, renewCard } from "./client-cards.js";
import { clientOf, stateOfFilter } from "./client-resource.js";

export type { ClientServiceParts } from "./client-cards.js";

/** The handlers of every method. */
export function clientService(
  parts: ClientServiceParts,
): ServiceHandlers<"quittance.accounts.v1.ClientService", api.ClientServiceServer> {
  const changes = new AccountChanges({ ...parts, books: CLIENT_BOOKS }, checkClientId);
  /** The client after a change. */
  const answering =
    <Request extends { readonly id: string }>(change: (call: ManagementCall<Request>) => Promise<void>) =>
    async (call: ManagementCall<Request>) => {
      await change(call);
      return getClient(parts, call.request.id);
    };
  return {
    "quittance.accounts.v1.ClientService/CreateClient": async (call) =>
      getClient(parts, await createClient(parts, call)),
    "quittance.accounts.v1.ClientService/GetClient": ({ request }) => getClient(parts, request.id),
    "quittance.accounts.v1.ClientService/ListClients": ({ request }) => pageOfClients(parts, request),
    "quittance.accounts.v1.ClientService/UpdateClient": answering<api.UpdateClientRequest>((call) =>
      changes.rename("UpdateClient", call),
    ),
    "quittance.accounts.v1.ClientService/FreezeClient": answering<api.FreezeClientRequest>((call) =>
      changes.freeze("FreezeClient", call),
    ),
    "quittance.accounts.v1.ClientService/UnfreezeClient": answering<api.UnfreezeClientRequest>((call) =>
      changes.unfreeze("UnfreezeClient", call),
    ),
    "quittance.accounts.v1.ClientService/CloseClient": answering<api.CloseClientRequest>((call) =>
      changes.close("CloseClient", call),
    ),
    "quittance.accounts.v1.ClientService/AddClientCard": answering<api.AddClientCardRequest>((call) =>
      addCard(parts, call),
    ),
    "quittance.accounts.v1.ClientService/RenewClientCard": answering<api.RenewClientCardRequest>((call) =>
      renewCard(parts, call),
    ),
    "quittance.accounts.v1.ClientService/RemoveClientCard": answering<api.RemoveClientCardRequest>((call) =>
      removeCard(parts, changes.reasoned("RemoveClientCard", call)),
    ),
    "quittance.accounts.v1.ClientService/TopUpClient": answering<api.TopUpClientRequest>((call) =>
      changes.topUp("TopUpClient", call),
    ),
    "quittance.accounts.v1.ClientService/PayOutClient": answering<api.PayOutClientRequest>((call) =>
      changes.payOut("PayOutClient", call),
    ),
    "quittance.accounts.v1.ClientService/ListClientEntries": ({ request }) => {
      checked((check) => checkClientId(request.id, check));
      return statementOf(parts.database, CLIENT_BOOKS, request);
    },
  };
}

async function getClient({ database }: ClientServiceParts, id: string): Promise<api.GetClientResponse> {
  checked((check) => checkClientId(id, check));
  const row = await database.autoCommit((session) => findClient(session, id));
  if (row === undefined) throw noSuchAccount(CLIENT_BOOKS);
  return { client: clientOf(row) };
}

async function pageOfClients(
  { database }: ClientServiceParts,
  request: api.ListClientsRequest,
): Promise<api.ListClientsResponse> {
  const state = stateOfFilter(request.state);
  const list = { books: CLIENT_BOOKS, columns: CLIENT_COLUMNS };
  const { items, nextPageToken } = await pageAccounts<ClientRow>(database, list, state, request);
  return { clients: items.map(clientOf), nextPageToken };
}
