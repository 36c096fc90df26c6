/** ClientService: what an operator sees of the bank's clients, and does to them. */
import type * as api from "../../gen/quittance/accounts/v1/clients.js";
import { CLIENT_BOOKS } from "../../shared/accounts/account-books.js";
import { type AccountChange, changeAccount, changeState, noSuchAccount } from "../../shared/accounts/change-account.js";
import {
  checkAmount,
  checkChangeId,
  checked,
  checkFilters,
  checkId,
  checkName,
  checkReason,
} from "../../shared/accounts/check-changes.js";
import { statementOf } from "../../shared/accounts/entry-resource.js";
import { moveMoney } from "../../shared/accounts/move-money.js";
import { pageSizeOf, readPageToken, writePageToken } from "../../shared/accounts/pages.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { isClientId } from "../../shared/client-id.js";
import { findClient, listClients } from "../operations/find-clients.js";
import { renameClient } from "../operations/write-clients.js";
import { addCard, type ClientServiceParts, createClient, removeCard, renewCard } from "./client-cards.js";
import { clientOf, stateOfFilter } from "./client-resource.js";

export type { ClientServiceParts } from "./client-cards.js";

/** The handlers of every method. */
export function clientService(
  parts: ClientServiceParts,
): ServiceHandlers<"quittance.accounts.v1.ClientService", api.ClientServiceServer> {
  const changing = { ...parts, books: CLIENT_BOOKS };
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
      updateClient(parts, call),
    ),
    "quittance.accounts.v1.ClientService/FreezeClient": answering<api.FreezeClientRequest>((call) =>
      changeState(changing, stateChange("FreezeClient", call), { from: ["open"], to: "frozen" }),
    ),
    "quittance.accounts.v1.ClientService/UnfreezeClient": answering<api.UnfreezeClientRequest>((call) =>
      changeState(changing, stateChange("UnfreezeClient", call), { from: ["frozen"], to: "open" }),
    ),
    "quittance.accounts.v1.ClientService/CloseClient": answering<api.CloseClientRequest>((call) =>
      changeState(changing, stateChange("CloseClient", call), { from: ["open", "frozen"], to: "closed" }),
    ),
    "quittance.accounts.v1.ClientService/AddClientCard": answering<api.AddClientCardRequest>((call) =>
      addCard(parts, call),
    ),
    "quittance.accounts.v1.ClientService/RenewClientCard": answering<api.RenewClientCardRequest>((call) =>
      renewCard(parts, call),
    ),
    "quittance.accounts.v1.ClientService/RemoveClientCard": answering<api.RemoveClientCardRequest>((call) =>
      removeCard(parts, stateChange("RemoveClientCard", call)),
    ),
    "quittance.accounts.v1.ClientService/TopUpClient": answering<api.TopUpClientRequest>((call) => {
      const { change, money } = movement("TopUpClient", call);
      return moveMoney(changing, change, { kind: "top-up", ...money });
    }),
    "quittance.accounts.v1.ClientService/PayOutClient": answering<api.PayOutClientRequest>((call) => {
      const { change, money } = movement("PayOutClient", call);
      return moveMoney(changing, change, { kind: "pay-out", ...money });
    }),
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
  const { pageSize, namePrefix, currency } = checked((check) => ({
    ...checkFilters(request, check),
    pageSize: pageSizeOf(request.pageSize, check),
  }));
  const filters = { clients: true, state, namePrefix, currency };
  const [after = ""] = readPageToken(filters, request.pageToken, ({ length }) => length === 1) ?? [];
  // One more than asked for tells whether there is another page.
  const query = { pageSize: pageSize + 1, after, state, namePrefix, currency };
  const rows = await database.autoCommit((session) => listClients(session, query));
  const shown = rows.slice(0, pageSize);
  const last = rows.length > pageSize ? shown.at(-1) : undefined;
  return {
    clients: shown.map(clientOf),
    nextPageToken: last === undefined ? "" : writePageToken(filters, [last.id]),
  };
}

async function updateClient(
  parts: ClientServiceParts,
  { actor, request }: ManagementCall<api.UpdateClientRequest>,
): Promise<void> {
  const { id: account, requestId } = request;
  const { name, reason } = checked((check) => {
    checkClientId(account, check);
    checkChangeId(requestId, check);
    return {
      name: request.name === undefined ? undefined : checkName(request.name, check),
      reason: checkReason(request.reason, check),
    };
  });
  const change = { actor, action: "UpdateClient", account, reason, requestId, parameters: { account, name } };
  await changeAccount({ ...parts, books: CLIENT_BOOKS }, change, async (transaction, { id }, time) => {
    if (name !== undefined) await renameClient(transaction, { id, name, time });
  });
}

/** A change that has nothing but a reason. @throws ManagementError INVALID_ARGUMENT */
function stateChange(
  action: string,
  { actor, request }: ManagementCall<{ readonly id: string; readonly reason: string; readonly requestId: string }>,
): AccountChange {
  const { id: account, requestId } = request;
  const reason = checked((check) => {
    checkClientId(account, check);
    checkChangeId(requestId, check);
    return checkReason(request.reason, check, "required");
  });
  return { actor, action, account, reason, requestId, parameters: { account, reason } };
}

/** A movement of money. @throws ManagementError INVALID_ARGUMENT */
function movement(action: string, { actor, request }: ManagementCall<api.TopUpClientRequest>) {
  const { id: account, requestId } = request;
  const { reason, money } = checked((check) => {
    checkClientId(account, check);
    checkChangeId(requestId, check, "required");
    return { money: checkAmount(request.amount, check), reason: checkReason(request.reason, check, "required") };
  });
  const parameters = { account, currency: money.currency, amount: money.amount.toString(), reason };
  return { change: { actor, action, account, reason, requestId, parameters }, money };
}

function checkClientId(id: string, check: Parameters<typeof checkId>[3]): void {
  checkId(id, isClientId, "the id of a client, such as c-0001", check);
}
