import { type ClientTls, readClientTls } from "../platform/tls.js";

/**
 * How to trust a broker or database that the user named: by `TLS_CA_FILE` of the launcher, which the services get too.
 * @throws ConfigurationError when the file cannot be read, or holds no certificate.
 */
export function namedServersTls(environment: NodeJS.ProcessEnv = process.env): ClientTls {
  return readClientTls({ TLS_CA_FILE: environment.TLS_CA_FILE || undefined });
}
