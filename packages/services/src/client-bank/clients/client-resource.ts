/** A client as the API shows it. */
import { type Client, ClientState } from "../../gen/quittance/accounts/v1/clients.js";
import type { AccountState } from "../../shared/accounts/account-books.js";
import type { ClientRow } from "../operations/find-clients.js";

const STATES: Readonly<Record<AccountState, ClientState>> = {
  open: ClientState.OPEN,
  frozen: ClientState.FROZEN,
  closed: ClientState.CLOSED,
};

/** The resource of a row. */
export function clientOf(row: ClientRow): Client {
  const { id, name, currency, balance, state, cardExpiryMonth, cardExpiryYear, createTime, updateTime } = row;
  const hasCard = cardExpiryMonth !== null && cardExpiryYear !== null;
  return {
    ...{ id, name, currencyCode: currency, balance, state: STATES[state] },
    card: hasCard
      ? {
          ...{ brand: row.cardBrand ?? "", lastFour: row.cardLastFour ?? "" },
          ...{ expiryMonth: cardExpiryMonth, expiryYear: cardExpiryYear },
        }
      : undefined,
    createTime: createTime ?? undefined,
    updateTime: updateTime ?? undefined,
  };
}

/** The state that a filter names; undefined for all of them. */
export function stateOfFilter(state: ClientState): AccountState | undefined {
  return (Object.keys(STATES) as AccountState[]).find((one) => STATES[one] === state);
}
