/** The certificates of a stack: one for each service, the broker, the database and the operator, by an authority of its own. */
import { BROKER_USERS } from "../shared/queue-map.js";
import { SERVICES } from "../topology/system-table.js";
import type { CertificateFiles, IssuedCertificate } from "./local-authority.js";

/** Who has a certificate beside the users of the broker. */
const SERVERS = ["broker", "database"] as const;
/** Whoever has a certificate; each bears the holder's name as its common name. */
export type CertificateHolder = (typeof BROKER_USERS)[number] | (typeof SERVERS)[number];

/** What a server needs of them. */
export interface ServerCertificates {
  /** The authority's certificate, which everybody trusts. */
  readonly caFile: string;
  textOf(holder: CertificateHolder): IssuedCertificate;
}

export interface StackCertificates extends ServerCertificates {
  /** What is in `caFile`. */
  readonly ca: string;
  filesOf(holder: CertificateHolder): CertificateFiles;
  /** What a process of the holder reads: `TLS_CERT_FILE`, `TLS_KEY_FILE` and `TLS_CA_FILE`. */
  environmentOf(holder: CertificateHolder): NodeJS.ProcessEnv;
}

/**
 * Makes a new authority, whose key is never written, and issues the certificates into `folder`, with mode 0600.
 * @throws Error when the package that makes certificates is not installed, which npm leaves out with --omit=optional.
 */
export async function issueCertificates(folder: string): Promise<StackCertificates> {
  const { createLocalAuthority, writeCertificate } = await import("./local-authority.js").catch((cause: unknown) => {
    throw new Error("--tls needs the package @peculiar/x509: run npm install without --omit=optional.", { cause });
  });
  const authority = await createLocalAuthority();
  const holders: readonly CertificateHolder[] = [...new Set([...SERVICES, ...BROKER_USERS, ...SERVERS])];
  const issued = new Map<CertificateHolder, { readonly text: IssuedCertificate; readonly files: CertificateFiles }>();
  for (const holder of holders) {
    const text = await authority.issue(holder);
    issued.set(holder, { text, files: await writeCertificate(folder, holder, text, authority.ca) });
  }
  const of = (holder: CertificateHolder) => {
    const found = issued.get(holder);
    if (found === undefined) throw new Error(`No certificate was issued to ${holder}.`);
    return found;
  };
  return {
    ca: authority.ca,
    caFile: of("broker").files.caFile,
    textOf: (holder) => of(holder).text,
    filesOf: (holder) => of(holder).files,
    environmentOf: (holder) => {
      const { certFile, keyFile, caFile } = of(holder).files;
      return { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile };
    },
  };
}
