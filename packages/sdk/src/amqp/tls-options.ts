import type { ConnectionOptions } from "node:tls";
import { checkFlag, checkNames, checkText, namesOf } from "../arguments.js";
import type { TlsOptions } from "../connection.js";
import { MessagingError } from "../errors.js";

const TLS_OPTIONS = namesOf<TlsOptions>({
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  servername: true,
  rejectUnauthorized: true,
});

/**
 * {@link TlsOptions} as Node takes them, asked for at each attempt to connect.
 * @throws MessagingError `invalid-argument` for options that cannot be. What is wrong with those that a function gives is
 * thrown by the function that is returned, as `connection-failed`: the next attempt may get better ones.
 */
export function parseTlsOptions(
  tls: TlsOptions | (() => TlsOptions) | undefined,
): (() => ConnectionOptions) | undefined {
  if (tls === undefined) return undefined;
  if (typeof tls === "function") return () => asked(tls);
  const options = nodeOptions(tls);
  return () => options;
}

function asked(provide: () => TlsOptions): ConnectionOptions {
  try {
    return nodeOptions(provide());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MessagingError("connection-failed", `The function tls gave no options: ${why}`, { cause });
  }
}

function nodeOptions(tls: TlsOptions): ConnectionOptions {
  checkNames("tls", tls, TLS_OPTIONS);
  checkText("tls.passphrase", tls.passphrase);
  checkText("tls.servername", tls.servername);
  checkFlag("tls.rejectUnauthorized", tls.rejectUnauthorized);
  const { ca, cert, key, passphrase, servername, rejectUnauthorized = true } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    throw new MessagingError("invalid-argument", "tls.cert and tls.key belong together: give both or neither.");
  }
  return {
    rejectUnauthorized,
    ...(ca !== undefined && { ca: typeof ca === "string" || ca instanceof Uint8Array ? pem(ca) : ca.map(pem) }),
    ...(cert !== undefined && key !== undefined && { cert: pem(cert), key: pem(key) }),
    ...(passphrase !== undefined && { passphrase }),
    ...(servername !== undefined && { servername }),
  };
}

/** Node wants a Buffer where the bytes are not text. */
function pem(value: string | Uint8Array): string | Buffer {
  return typeof value === "string" ? value : Buffer.from(value);
}
