import type { ConnectionOptions } from "node:tls";
import type { TlsOptions } from "../connection.js";
import { MessagingError } from "../errors.js";

/** {@link TlsOptions} as Node takes them. @throws MessagingError `invalid-argument` */
export function parseTlsOptions(tls: TlsOptions | undefined): ConnectionOptions | undefined {
  if (tls === undefined) return undefined;
  const { ca, cert, key, passphrase, servername, rejectUnauthorized = true } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    throw new MessagingError("invalid-argument", "tls.cert and tls.key belong together: give both or neither.");
  }
  return {
    rejectUnauthorized,
    ...(ca === undefined ? {} : { ca: typeof ca === "string" || ca instanceof Uint8Array ? pem(ca) : ca.map(pem) }),
    ...(cert === undefined || key === undefined ? {} : { cert: pem(cert), key: pem(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
  };
}

/** Node wants a Buffer where the bytes are not text. */
function pem(value: string | Uint8Array): string | Buffer {
  return typeof value === "string" ? value : Buffer.from(value);
}
