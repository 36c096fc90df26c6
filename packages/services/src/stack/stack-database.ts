/** The database of a stack: embedded, or one that runs already; migrated, with the demo bank in it. */

import { type DatabaseService, databaseOf } from "../topology/system-table.js";
import type { Guardian } from "./guardian.js";
import { startPostgres } from "./postgres.js";
import { prepareDatabase } from "./prepare-database.js";
import type { StackKeys } from "./service-table.js";
import type { StackCertificates } from "./stack-certificates.js";
import { type Supervisable, type Supervision, type SupervisorEvent, supervise } from "./supervisor.js";

export interface StackDatabase {
  /** For people: what it is and where. */
  readonly description: string;
  /** An operator's URL. */
  readonly url: string;
  /** A URL with that service's own role. */
  urlOf(service: DatabaseService): string;
}

export interface StackDatabaseOptions {
  readonly database: "embedded" | URL;
  readonly keys: StackKeys;
  /** Of a stack with TLS [plain text]. */
  readonly certificates?: StackCertificates | undefined;
  readonly guardian: Guardian;
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
  readonly onEvent: (event: SupervisorEvent) => void;
  /** Longest pause before it is started again, in milliseconds [10,000]. */
  readonly maximumDelayMs?: number | undefined;
  readonly onProgress: (sentence: string) => void;
  /** Called with the server's process once it runs, before the schemas are made. */
  readonly onServer: (supervision: Supervision<Supervisable>) => void;
}

/** Starts or takes the database, migrates it, and loads the demo bank. */
export async function startStackDatabase(options: StackDatabaseOptions): Promise<StackDatabase> {
  const { url, description } = await serverOf(options);
  const began = Date.now();
  const { passwords, summary } = await prepareDatabase({ url, keys: options.keys }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${description} could not be prepared: ${why}`, { cause });
  });
  options.onProgress(`${summary} (${Date.now() - began} ms)`);
  return {
    description,
    url,
    urlOf: (service) => {
      const changed = new URL(url);
      // Services know the authority by TLS_CA_FILE.
      changed.searchParams.delete("sslrootcert");
      changed.username = databaseOf(service).role;
      changed.password = passwords[service];
      return changed.href;
    },
  };
}

async function serverOf(options: StackDatabaseOptions): Promise<{ url: string; description: string }> {
  if (options.database !== "embedded") {
    return { url: options.database.href, description: `PostgreSQL at ${options.database.host}` };
  }
  const began = Date.now();
  const server = await startPostgres({
    certificates: options.certificates,
    guardian: options.guardian,
    onLog: (line) => options.onOutput(Buffer.from(`${line}\n`), "stdout"),
  });
  const supervision = await supervise<Supervisable>({
    name: "database",
    start: async (previous) => {
      if (previous) await server.restart();
      return server;
    },
    onEvent: options.onEvent,
    signal: options.signal,
    maximumDelayMs: options.maximumDelayMs,
  });
  options.onServer(supervision);
  const description = `PostgreSQL on 127.0.0.1:${server.port}`;
  options.onProgress(`${description} (${Date.now() - began} ms)`);
  return { url: server.url, description };
}
