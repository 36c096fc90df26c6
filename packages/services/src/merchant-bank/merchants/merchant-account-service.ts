/** MerchantAccountService: a merchant's own account. Whose it is, the token says. */
import type * as api from "../../gen/quittance/accounts/v1/merchant_account.js";
import type { Database, Session } from "../../platform/database.js";
import { MERCHANT_BOOKS } from "../../shared/accounts/account-books.js";
import { noSuchAccount } from "../../shared/accounts/change-account.js";
import { statementOf } from "../../shared/accounts/entry-resource.js";
import { requestIdOfEntry } from "../../shared/accounts/move-money.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { checked } from "../../shared/checked.js";
import { endPage, pageSizeOf, readPageToken } from "../../shared/pages.js";
import { findMerchant, type MerchantRow } from "../operations/find-merchants.js";
import { listPayouts } from "../operations/list-payouts.js";
import { findSettlementDays } from "../operations/settlement-days.js";

const DAY_MS = 86_400_000;
const MAXIMUM_DAYS = 366;

export interface MerchantAccountParts {
  readonly database: Database;
}

/** The handlers of every method. */
export function merchantAccountService(
  parts: MerchantAccountParts,
): ServiceHandlers<"quittance.accounts.v1.MerchantAccountService", api.MerchantAccountServiceServer> {
  return {
    "quittance.accounts.v1.MerchantAccountService/GetBalance": (call) => getBalance(parts, call),
    "quittance.accounts.v1.MerchantAccountService/ListSettlementDays": (call) => listSettlementDays(parts, call),
    "quittance.accounts.v1.MerchantAccountService/ListOwnEntries": ({ actor, request }) =>
      statementOf(parts.database, MERCHANT_BOOKS, { ...request, id: actor }),
    "quittance.accounts.v1.MerchantAccountService/ListPayouts": (call) => pageOfPayouts(parts, call),
  };
}

/** @throws ManagementError NOT_FOUND when the bank has no account of the token's subject. */
async function ownAccount(session: Session, actor: string): Promise<MerchantRow> {
  const row = await findMerchant(session, actor);
  if (row === undefined) throw noSuchAccount(MERCHANT_BOOKS);
  return row;
}

async function getBalance(
  { database }: MerchantAccountParts,
  { actor }: ManagementCall<api.GetBalanceRequest>,
): Promise<api.GetBalanceResponse> {
  const { currency, balance, state } = await database.autoCommit((session) => ownAccount(session, actor));
  const isFrozen = state === "frozen";
  return { currencyCode: currency, available: isFrozen ? 0n : balance, pending: isFrozen ? balance : 0n };
}

async function listSettlementDays(
  { database }: MerchantAccountParts,
  { actor, request }: ManagementCall<api.ListSettlementDaysRequest>,
): Promise<api.ListSettlementDaysResponse> {
  const { start, end } = checked((check) => {
    const first = dayOf(request.startDate);
    const last = dayOf(request.endDate);
    check(first !== undefined, "start_date", "must be a day, for example 2026-03-04");
    check(last !== undefined, "end_date", "must be a day, for example 2026-03-04");
    if (first === undefined || last === undefined) return { start: new Date(0), end: new Date(0) };
    check(first <= last, "end_date", "must not be before start_date");
    check(last - first < MAXIMUM_DAYS * DAY_MS, "end_date", `must be at most ${MAXIMUM_DAYS} days after start_date`);
    return { start: new Date(first), end: new Date(last + DAY_MS) };
  });
  return database.autoCommit(async (session) => {
    const { currency } = await ownAccount(session, actor);
    const days = await findSettlementDays(session, { merchantId: actor, start, end });
    return { currencyCode: currency, days: days.map((day) => ({ ...day, net: day.gross - day.refunded })) };
  });
}

/** When a day of UTC begins, in milliseconds since 1970; undefined for what is none. */
function dayOf(date: string): number | undefined {
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  // The 30th of February would be a day in March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date) ? time : undefined;
}

async function pageOfPayouts(
  { database }: MerchantAccountParts,
  { actor, request }: ManagementCall<api.ListPayoutsRequest>,
): Promise<api.ListPayoutsResponse> {
  const pageSize = checked((check) => pageSizeOf(request.pageSize, check));
  const filters = { payoutsOf: actor };
  const isPosition = ([time = "", ...others]: readonly string[]) =>
    others.length === 1 && !Number.isNaN(Date.parse(time));
  const [time, entryId] = readPageToken(filters, request.pageToken, isPosition) ?? [];
  const after = time === undefined || entryId === undefined ? undefined : { time, entryId };
  const rows = await database.autoCommit(async (session) => {
    await ownAccount(session, actor);
    return listPayouts(session, { merchantId: actor, pageSize: pageSize + 1, after });
  });
  const { items, nextPageToken } = endPage(rows, pageSize, filters, (last) => [last.time.toISOString(), last.entryId]);
  return {
    payouts: items.map((row) => ({
      id: requestIdOfEntry(row.entryId),
      amount: { currencyCode: row.currency, minorUnits: row.amount },
      time: row.time,
    })),
    nextPageToken,
  };
}
