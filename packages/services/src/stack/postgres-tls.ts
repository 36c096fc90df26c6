/** TLS of a throwaway PostgreSQL. */
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IssuedCertificate } from "./local-authority.js";
import type { SystemUser } from "./postgres-binaries.js";
import type { ServerCertificates } from "./stack-certificates.js";

/** With a certificate nothing is served in plain text. */
export const TLS_SETTINGS: Readonly<Record<string, string>> = { ssl: "on", ssl_min_protocol_version: "TLSv1.2" };
const TLS_ONLY = "hostssl all all 127.0.0.1/32 scram-sha-256\n";

/** Puts the files where PostgreSQL looks for them by default, as its own user, which it insists on. */
export async function serveTls(
  folder: string,
  user: SystemUser | undefined,
  { cert, key }: IssuedCertificate,
): Promise<void> {
  await writeFile(join(folder, "pg_hba.conf"), TLS_ONLY);
  for (const [name, text] of [
    ["server.crt", cert],
    ["server.key", key],
  ] as const) {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    if (user) await chown(path, user.uid, user.gid);
  }
}

/** `postgres://` with the superuser and, with TLS, whom to trust. */
export function superuserUrl(password: string, port: number, certificates: ServerCertificates | undefined): string {
  if (certificates === undefined) return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const url = new URL(`postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=verify-full`);
  url.searchParams.set("sslrootcert", certificates.caFile);
  return url.href;
}
