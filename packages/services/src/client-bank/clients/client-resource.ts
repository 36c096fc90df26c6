/** A client as the API shows it. */
import { type Client, ClientState } from "../../gen/quittance/accounts/v1/clients.js";
import type { ClientRow } from "../operations/find-client.js";

/** The resource of a row. */
export function clientOf({ id, name, currency, balance, state }: ClientRow): Client {
  return { id, name, currencyCode: currency, balance, state: state === "open" ? ClientState.OPEN : ClientState.CLOSED };
}
