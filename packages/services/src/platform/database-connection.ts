/** How the driver connects by a `postgres://` URL: with TLS exactly when the URL says `sslmode=verify-full`. */
import { readFileSync } from "node:fs";
import { type ConnectionOptions, checkServerIdentity, createSecureContext } from "node:tls";
import type pg from "pg";
import { connectedHost } from "./connected-host.js";
import { databaseParameters, isEncryptedDatabase } from "./plaintext.js";
import type { ClientTls } from "./tls.js";

/**
 * The options of `pg` for a URL. With TLS the server's certificate must be of an authority that is trusted and bear the
 * URL's host; each new connection has the certificates of then. The driver's own reading of `sslmode` would know neither
 * our files nor the name to expect where the host is an address.
 * A URL may name a file of authorities of its own, as libpq reads it: `sslrootcert`.
 * @param tls The certificates of this process [the authorities that Node trusts, and no certificate of its own].
 */
export function databaseConnection(url: string, tls?: Pick<ClientTls, "clientContext">): pg.ClientConfig {
  if (!isEncryptedDatabase(url)) return { connectionString: url, ssl: false };
  const parameters = databaseParameters(url);
  parameters.delete("sslmode");
  const caFile = parameters.get("sslrootcert");
  parameters.delete("sslrootcert");
  const connectionString = `${url.slice(0, url.indexOf("?"))}?${parameters}`;
  const host = connectedHost(connectionString);
  const ssl: ConnectionOptions = {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    get secureContext() {
      if (caFile !== null) return createSecureContext({ ca: readFileSync(caFile, "utf8") });
      return tls?.clientContext();
    },
  };
  return { connectionString, ssl };
}
