import pg from "pg";

/** The host that the driver connects to: parameters of a `postgres://` URL go before what is in front of them. */
export function connectedHost(url: string): string {
  return new pg.Client({ connectionString: url, ssl: false }).host;
}
