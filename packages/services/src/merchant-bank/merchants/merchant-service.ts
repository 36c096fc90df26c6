/** MerchantService: what an operator sees of the bank's merchants, and does to them. */
import * as api from "../../gen/quittance/accounts/v1/merchants.js";
import type { Database } from "../../platform/database.js";
import { type AccountState, MERCHANT_BOOKS } from "../../shared/accounts/account-books.js";
import { AccountChanges } from "../../shared/accounts/account-changes.js";
import { type AccountChange, noSuchAccount, recordAction } from "../../shared/accounts/change-account.js";
import { checkChangeId, checkCurrency, checkId, checkName, checkReason } from "../../shared/accounts/check-changes.js";
import { statementOf } from "../../shared/accounts/entry-resource.js";
import { pageAccounts } from "../../shared/accounts/page-accounts.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { checked } from "../../shared/checked.js";
import type { FieldCheck } from "../../shared/field-checks.js";
import { ManagementError } from "../../shared/management-error.js";
import { isMerchantId } from "../../shared/merchant-id.js";
import { findMerchant, MERCHANT_COLUMNS, type MerchantRow } from "../operations/find-merchants.js";
import { insertMerchant } from "../operations/write-merchants.js";

export interface MerchantServiceParts {
  readonly database: Database;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
  /** Called when money was paid out: it is told. */
  readonly paidOut: () => void;
}

/** The handlers of every method. */
export function merchantService(
  parts: MerchantServiceParts,
): ServiceHandlers<"quittance.accounts.v1.MerchantService", api.MerchantServiceServer> {
  const changes = new AccountChanges({ ...parts, books: MERCHANT_BOOKS }, checkMerchantId);
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
      changes.rename("UpdateMerchant", call),
    ),
    "quittance.accounts.v1.MerchantService/FreezeMerchant": answering<api.FreezeMerchantRequest>((call) =>
      changes.freeze("FreezeMerchant", call),
    ),
    "quittance.accounts.v1.MerchantService/UnfreezeMerchant": answering<api.UnfreezeMerchantRequest>((call) =>
      changes.unfreeze("UnfreezeMerchant", call),
    ),
    "quittance.accounts.v1.MerchantService/CloseMerchant": answering<api.CloseMerchantRequest>((call) =>
      changes.close("CloseMerchant", call),
    ),
    "quittance.accounts.v1.MerchantService/TopUpMerchant": answering<api.TopUpMerchantRequest>((call) =>
      changes.topUp("TopUpMerchant", call),
    ),
    "quittance.accounts.v1.MerchantService/PayOutMerchant": answering<api.PayOutMerchantRequest>(async (call) => {
      await changes.payOut("PayOutMerchant", call);
      parts.paidOut();
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
  const list = { books: MERCHANT_BOOKS, columns: MERCHANT_COLUMNS };
  const { items, nextPageToken } = await pageAccounts<MerchantRow>(database, list, state, request);
  return { merchants: items.map(merchantOf), nextPageToken };
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

function checkMerchantId(id: string, check: FieldCheck): void {
  checkId(id, isMerchantId, "1 to 64 letters, digits, _, . and -, such as m-0001", check);
}
