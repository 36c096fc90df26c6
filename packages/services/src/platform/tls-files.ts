/** The PEM files of a process, read and checked: an error says which variable names the file. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { ConfigurationError } from "./configuration.js";

/** The settings that name the files. */
export interface TlsFileSettings {
  readonly TLS_CERT_FILE?: string | undefined;
  readonly TLS_KEY_FILE?: string | undefined;
  readonly TLS_CA_FILE?: string | undefined;
}

/** What was in the files, at one moment. */
export interface TlsFiles {
  /** The certificate of this process with those that lead to its authority, and its key. */
  readonly own: { readonly cert: string; readonly key: string; readonly expiresAtMs: number } | undefined;
  /** The authorities to trust; undefined for those that Node trusts. */
  readonly authorities: { readonly ca: string; readonly expiresAtMs: number } | undefined;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads the files that the settings name.
 * @throws ConfigurationError when one cannot be read or holds something else, and when the key is not the certificate's.
 */
export function readTlsFiles(settings: TlsFileSettings): TlsFiles {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile } = settings;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ConfigurationError("TLS_CERT_FILE and TLS_KEY_FILE belong together: set both or neither.");
  }
  return {
    own: certFile === undefined || keyFile === undefined ? undefined : readOwn(certFile, keyFile),
    authorities: caFile === undefined ? undefined : readAuthorities(caFile),
  };
}

/** Tells one state of the files from another without reading them. A file that is away is a state, too. */
export function stateOfTlsFiles(settings: TlsFileSettings): string {
  const paths = [settings.TLS_CERT_FILE, settings.TLS_KEY_FILE, settings.TLS_CA_FILE];
  return paths
    .map((path) => {
      const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? "" : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    })
    .join(" ");
}

function readOwn(certFile: string, keyFile: string): TlsFiles["own"] {
  const cert = readPem("TLS_CERT_FILE", certFile);
  const [leaf] = certificatesOf("TLS_CERT_FILE", certFile, cert);
  const key = readPem("TLS_KEY_FILE", keyFile);
  let belongs: boolean;
  try {
    belongs = leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    // The parser's own message is about ASN.1.
    throw new ConfigurationError(`TLS_KEY_FILE: ${keyFile} holds no private key in PEM without a password.`);
  }
  if (!belongs) {
    const name = leaf.subject.replaceAll("\n", ", ");
    throw new ConfigurationError(
      `TLS_KEY_FILE: the key in ${keyFile} does not belong to the first certificate in ${certFile} (${name}).`,
    );
  }
  return { cert, key, expiresAtMs: leaf.validToDate.getTime() };
}

function readAuthorities(file: string): TlsFiles["authorities"] {
  const ca = readPem("TLS_CA_FILE", file);
  const ends = certificatesOf("TLS_CA_FILE", file, ca).map(({ validToDate }) => validToDate.getTime());
  return { ca, expiresAtMs: Math.min(...ends) };
}

function readPem(variable: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigurationError(`${variable}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function certificatesOf(variable: string, file: string, text: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...others] = (text.match(PEM_CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
    if (first !== undefined) return [first, ...others];
  } catch {
    // Told below, in our words.
  }
  throw new ConfigurationError(`${variable}: ${file} holds no certificate in PEM.`);
}
