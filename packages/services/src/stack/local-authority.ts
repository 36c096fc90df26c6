/**
 * An authority for one machine and one run of a stack: its key never leaves this process, and ends with it. For
 * production have certificates from an authority that somebody keeps.
 */
import { randomBytes, webcrypto } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** A stack is stopped sooner. An alert fires two weeks before the end, and not from the first day on. */
const LIFETIME_MS = 21 * DAY_MS;
/** Clocks of containers may be behind. */
const BACKDATED_MS = 3_600_000;
/** Every part of a stack runs here. */
const LOCAL_NAMES = [
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
] as const;

/** A certificate and its key, in PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Further names [localhost and its addresses]. */
  readonly names?: readonly { readonly type: "dns" | "ip"; readonly value: string }[];
  readonly notBefore?: Date;
  /** [in 21 days] */
  readonly notAfter?: Date;
}

export interface LocalAuthority {
  /** Its own certificate, which clients and servers trust. */
  readonly ca: string;
  /** A certificate with `commonName`, for servers and clients, and a new key. */
  issue(commonName: string, options?: IssueOptions): Promise<IssuedCertificate>;
}

/** Makes an authority with a new key (ECDSA, P-256). */
export async function createLocalAuthority(name = "quittance local authority"): Promise<LocalAuthority> {
  const keys = await newKeys();
  const issuer = `CN=${name}`;
  const { notBefore, notAfter } = validity({});
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: issuer,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    ca: pemText(authority.toString("pem")),
    async issue(commonName, options = {}) {
      const own = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: `CN=${commonName}`,
        issuer,
        ...validity(options),
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension([...(options.names ?? LOCAL_NAMES)]),
          await x509.AuthorityKeyIdentifierExtension.create(authority),
        ],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", own.privateKey));
      return {
        cert: pemText(certificate.toString("pem")),
        key: pemText(x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag)),
      };
    },
  };
}

/** Where the certificate and key of one part of a stack are. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** Writes the files of one part into `folder`, with mode 0600, each whole or not at all. */
export async function writeCertificate(
  folder: string,
  name: string,
  { cert, key }: IssuedCertificate,
  ca: string,
): Promise<CertificateFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = {
    certFile: join(folder, `${name}.crt`),
    keyFile: join(folder, `${name}.key`),
    caFile: join(folder, "ca.crt"),
  };
  await Promise.all([writeWhole(files.certFile, cert), writeWhole(files.keyFile, key), writeWhole(files.caFile, ca)]);
  return files;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function validity({ notBefore, notAfter }: IssueOptions) {
  const now = Date.now();
  return {
    notBefore: notBefore ?? new Date(now - BACKDATED_MS),
    notAfter: notAfter ?? new Date(now + LIFETIME_MS),
  };
}

/** Positive, as RFC 5280 wants it, and never the same twice. */
function serialNumber(): string {
  return `01${randomBytes(15).toString("hex")}`;
}

function pemText(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
