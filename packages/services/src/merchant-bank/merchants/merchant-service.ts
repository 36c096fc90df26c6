/** MerchantService: what an operator sees of the bank's merchants, and does to them. */
import * as api from "../../gen/quittance/accounts/v1/merchants.js";
import type { Database } from "../../platform/database.js";
import { type AccountState, MERCHANT_BOOKS } from "../../shared/accounts/account-books.js";
import {
  type AccountChange,
  changeAccount,
  changeState,
  noSuchAccount,
  recordAction,
} from "../../shared/accounts/change-account.js";
import {
  checkAmount,
  checkChangeId,
  checkCurrency,
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
import { ManagementError } from "../../shared/management-error.js";
import { isMerchantId } from "../../shared/merchant-id.js";
import { findMerchant, listMerchants, type MerchantRow } from "../operations/find-merchants.js";
import { insertMerchant, renameMerchant } from "../operations/write-merchants.js";

export interface MerchantServiceParts {
  readonly database: Database;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
}

/** The handlers of every method. */
export function merchantService(
  parts: MerchantServiceParts,
): ServiceHandlers<"quittance.accounts.v1.MerchantService", api.MerchantServiceServer> {
  const changing = { ...parts, books: MERCHANT_BOOKS };
  /** The merchant after a change. */
  const answering =
    <Request extends { readonly id: string }>(change: (call: ManagementCall<Request>) => Promise<void>) =>
    async (call: ManagementCall<Request>) => {
      await change(call);
      return getMerchant(parts, call.request.id);
    };
  return {
    "quittance.accounts.v1.MerchantService/CreateMerchant": answering<api.CreateMerchantRequest>((call) =>
      createMerchant(parts, call),
    ),
    "quittance.accounts.v1.MerchantService/GetMerchant": ({ request }) => getMerchant(parts, request.id),
    "quittance.accounts.v1.MerchantService/ListMerchants": ({ request }) => pageOfMerchants(parts, request),
    "quittance.accounts.v1.MerchantService/UpdateMerchant": answering<api.UpdateMerchantRequest>((call) =>
      updateMerchant(parts, call),
    ),
    "quittance.accounts.v1.MerchantService/FreezeMerchant": answering<api.FreezeMerchantRequest>((call) =>
      changeState(changing, stateChange("FreezeMerchant", call), { from: ["open"], to: "frozen" }),
    ),
    "quittance.accounts.v1.MerchantService/UnfreezeMerchant": answering<api.UnfreezeMerchantRequest>((call) =>
      changeState(changing, stateChange("UnfreezeMerchant", call), { from: ["frozen"], to: "open" }),
    ),
    "quittance.accounts.v1.MerchantService/CloseMerchant": answering<api.CloseMerchantRequest>((call) =>
      changeState(changing, stateChange("CloseMerchant", call), { from: ["open", "frozen"], to: "closed" }),
    ),
    "quittance.accounts.v1.MerchantService/TopUpMerchant": answering<api.TopUpMerchantRequest>((call) => {
      const { change, money } = movement("TopUpMerchant", call);
      return moveMoney(changing, change, { kind: "top-up", ...money });
    }),
    "quittance.accounts.v1.MerchantService/PayOutMerchant": answering<api.PayOutMerchantRequest>((call) => {
      const { change, money } = movement("PayOutMerchant", call);
      return moveMoney(changing, change, { kind: "pay-out", ...money });
    }),
    "quittance.accounts.v1.MerchantService/ListMerchantEntries": ({ request }) => {
      checked((check) => checkMerchantId(request.id, check));
      return statementOf(parts.database, MERCHANT_BOOKS, request);
    },
  };
}

async function createMerchant(
  { database, now }: MerchantServiceParts,
  { actor, request }: ManagementCall<api.CreateMerchantRequest>,
): Promise<void> {
  const { requestId, id, currencyCode: currency } = request;
  const { name, reason } = checked((check) => {
    checkChangeId(requestId, check, "required");
    checkMerchantId(id, check);
    // Whoever gives a merchant such an id has most likely taken the wrong method.
    check(!/^c-/i.test(id), "id", "must not look like a client's id");
    checkCurrency(currency, check);
    return { name: checkName(request.name, check), reason: checkReason(request.reason, check) };
  });
  const parameters = { id, name, currency };
  const change: AccountChange = { actor, action: "CreateMerchant", account: id, reason, requestId, parameters };
  await database.transaction(async (transaction) => {
    const time = new Date(now());
    if ((await recordAction(transaction, MERCHANT_BOOKS, change, time)) !== "new") return;
    if (await insertMerchant(transaction, { id, name, currency, time })) return;
    throw new ManagementError("ALREADY_EXISTS", "MERCHANT_EXISTS", "There is a merchant with this id.");
  });
}

async function getMerchant({ database }: MerchantServiceParts, id: string): Promise<api.GetMerchantResponse> {
  checked((check) => checkMerchantId(id, check));
  const row = await database.autoCommit((session) => findMerchant(session, id));
  if (row === undefined) throw noSuchAccount(MERCHANT_BOOKS);
  return { merchant: merchantOf(row) };
}

async function pageOfMerchants(
  { database }: MerchantServiceParts,
  request: api.ListMerchantsRequest,
): Promise<api.ListMerchantsResponse> {
  const state = (Object.keys(STATES) as AccountState[]).find((one) => STATES[one] === request.state);
  const { pageSize, namePrefix, currency } = checked((check) => ({
    ...checkFilters(request, check),
    pageSize: pageSizeOf(request.pageSize, check),
  }));
  const filters = { merchants: true, state, namePrefix, currency };
  const [after = ""] = readPageToken(filters, request.pageToken, ({ length }) => length === 1) ?? [];
  // One more than asked for tells whether there is another page.
  const query = { pageSize: pageSize + 1, after, state, namePrefix, currency };
  const rows = await database.autoCommit((session) => listMerchants(session, query));
  const shown = rows.slice(0, pageSize);
  const last = rows.length > pageSize ? shown.at(-1) : undefined;
  return {
    merchants: shown.map(merchantOf),
    nextPageToken: last === undefined ? "" : writePageToken(filters, [last.id]),
  };
}

async function updateMerchant(
  parts: MerchantServiceParts,
  { actor, request }: ManagementCall<api.UpdateMerchantRequest>,
): Promise<void> {
  const { id: account, requestId } = request;
  const { name, reason } = checked((check) => {
    checkMerchantId(account, check);
    checkChangeId(requestId, check);
    return {
      name: request.name === undefined ? undefined : checkName(request.name, check),
      reason: checkReason(request.reason, check),
    };
  });
  const change = { actor, action: "UpdateMerchant", account, reason, requestId, parameters: { account, name } };
  await changeAccount({ ...parts, books: MERCHANT_BOOKS }, change, async (transaction, { id }, time) => {
    if (name !== undefined) await renameMerchant(transaction, { id, name, time });
  });
}

const STATES: Readonly<Record<AccountState, api.MerchantState>> = {
  open: api.MerchantState.OPEN,
  frozen: api.MerchantState.FROZEN,
  closed: api.MerchantState.CLOSED,
};

function merchantOf({ id, name, currency, balance, state, createTime, updateTime }: MerchantRow): api.Merchant {
  return {
    ...{ id, name, currencyCode: currency, balance, state: STATES[state] },
    ...{ createTime: createTime ?? undefined, updateTime: updateTime ?? undefined },
  };
}

/** A change that has nothing but a reason. @throws ManagementError INVALID_ARGUMENT */
function stateChange(
  action: string,
  { actor, request }: ManagementCall<{ readonly id: string; readonly reason: string; readonly requestId: string }>,
): AccountChange {
  const { id: account, requestId } = request;
  const reason = checked((check) => {
    checkMerchantId(account, check);
    checkChangeId(requestId, check);
    return checkReason(request.reason, check, "required");
  });
  return { actor, action, account, reason, requestId, parameters: { account, reason } };
}

/** A movement of money. @throws ManagementError INVALID_ARGUMENT */
function movement(action: string, { actor, request }: ManagementCall<api.TopUpMerchantRequest>) {
  const { id: account, requestId } = request;
  const { reason, money } = checked((check) => {
    checkMerchantId(account, check);
    checkChangeId(requestId, check, "required");
    return { money: checkAmount(request.amount, check), reason: checkReason(request.reason, check, "required") };
  });
  const parameters = { account, currency: money.currency, amount: money.amount.toString(), reason };
  return { change: { actor, action, account, reason, requestId, parameters }, money };
}

function checkMerchantId(id: string, check: Parameters<typeof checkId>[3]): void {
  checkId(id, isMerchantId, "1 to 64 letters, digits, _, . and -, such as m-0001", check);
}
