/** `.quittance/run.json`: what runs, for scripts, while it runs. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { TokenSigner } from "../operator/development-token.js";
import type { ServiceName } from "../shared/queue-map.js";
import type { StackKeys } from "./service-table.js";

/** What the file holds, as JSON. */
export interface RunFile {
  /** `127.0.0.1:port`; with --tls `localhost:port`. */
  readonly grpc: string;
  /** `http://127.0.0.1:port`; with --tls `https://localhost:port`. */
  readonly http: string;
  /** The same of every gateway, the first one first. */
  readonly gateways: readonly { readonly grpc: string; readonly http: string }[];
  /** Where a browser finds the operator's console; absent until it runs. */
  readonly console?: string;
  /** Where the embedded broker reports its queues, at `/metrics`. */
  readonly brokerHealth?: string;
  /** An operator's URL of the broker. */
  readonly broker: string;
  /** That of one who looks into queues and takes nothing. */
  readonly auditor: string;
  /** An operator's URL of the database. */
  readonly database: string;
  /** With --tls: the file of the authority that certifies all servers of the stack. */
  readonly authority?: string;
  /** A merchant's token. */
  readonly token: string;
  /** What the tokens of other merchants are signed with, by the operator's command line. */
  readonly signer: TokenSigner;
  /** What cards of new clients are stored under, by the operator's command line: lists of `id=key`. */
  readonly cardKeys: Pick<StackKeys, "CARD_FINGERPRINT_KEYS" | "CARD_STORAGE_KEYS">;
  /** Where the lists of keys are, which services read again. */
  readonly keysFolder?: string;
  readonly services: readonly {
    readonly name: ServiceName;
    readonly pid: number;
    /** `http://127.0.0.1:port`, or with --tls `https://localhost:port`, with `/livez` and `/readyz` below it. */
    readonly health: string;
  }[];
}

/** Writes the file with mode 0600, whole or not at all. One that is there already is replaced. */
export async function writeRunFile(path: string, content: RunFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Removes the file, unless another stack has put its own in place. `token` tells ours. */
export async function removeRunFile(path: string, token: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (text.includes(token)) await rm(path, { force: true });
}
