/** A throwaway PostgreSQL, real and durable while it lives, from the binaries that npm installed. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { chmod, chown, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterOrphans } from "./after-orphans.js";
import { freePort } from "./free-ports.js";
import type { Guardian, Release } from "./guardian.js";
import {
  locatePostgres,
  type PostgresBinaries,
  postgresUser,
  type SystemUser,
  temporaryFolder,
} from "./postgres-binaries.js";
import { serveTls, superuserUrl, TLS_SETTINGS } from "./postgres-tls.js";
import type { ServerCertificates } from "./stack-certificates.js";
import { watchStart } from "./start-patience.js";

/** Ports are found by asking the system for a free one, which another process may take before PostgreSQL does. */
const PORT_ATTEMPTS = 5;
const STOP_TIMEOUT_MS = 8_000;
/** When the guardian ends things, PostgreSQL comes after what uses it. */
const GUARDIAN_ORDER = 3;

/**
 * `fsync` stays on and commits are synchronous: a kill -9 loses nothing. The rest saves what one machine does not
 * need: replication, parallel queries, I/O workers. Dynamic shared memory is in the data folder and goes with it.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "64MB",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "512MB",
  io_method: "sync",
  jit: "off",
  max_parallel_workers_per_gather: "0",
  max_logical_replication_workers: "0",
  dynamic_shared_memory_type: "mmap",
  lc_messages: "C",
  timezone: "UTC",
  log_timezone: "UTC",
};

export interface PostgresOptions {
  readonly guardian: Guardian;
  /** With them it takes no connection without TLS [plain text]. */
  readonly certificates?: ServerCertificates | undefined;
  /** Called with each line that the server writes; by default they are dropped. */
  readonly onLog?: (line: string) => void;
}

/** How the server's process ended. */
export interface PostgresExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface PostgresServer {
  /** `postgres://postgres:password@127.0.0.1:port/postgres`: the superuser's; with TLS it says whom to trust. */
  readonly url: string;
  readonly port: number;
  /** The data folder. */
  readonly folder: string;
  /** The process id of the server of the moment. */
  readonly pid: number;
  /** Resolves when the server of the moment ends, asked or not. */
  readonly exited: Promise<PostgresExit>;
  /** Starts it again on the same port and folder, after it ended by itself. */
  restart(): Promise<void>;
  /** Ends it at once, without a last checkpoint, and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

/** A running server process. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<PostgresExit>;
  readonly release: Release;
}

/**
 * Makes a data folder of its own and starts a server on a free port of 127.0.0.1 with a random password for its
 * superuser `postgres` (SCRAM-SHA-256). Root starts it as `nobody`. It ends with this process, however that ends.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const user = await postgresUser();
  const binaries = await locatePostgres(user);
  const home = mkdtempSync(join(await temporaryFolder(user), "quittance-postgres-"));
  const releaseHome = options.guardian.path(home);
  const password = randomBytes(24).toString("base64url");
  const folder = join(home, "data");
  const stopping = new AbortController();
  let running: Running;
  let port = 0;
  try {
    await makeDataFolder({ ...options, binaries, user, home, folder, password });
    [running, port] = await startOnFreePort((candidate) =>
      runServer({ binaries, user, folder, port: candidate }, options, stopping.signal),
    );
  } catch (error) {
    await removeHome();
    throw error;
  }
  let restarting: Promise<Running> | undefined;
  let stopped: Promise<void> | undefined;

  async function removeHome(): Promise<void> {
    await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    releaseHome();
  }

  return {
    url: superuserUrl(password, port, options.certificates),
    port,
    folder,
    get pid() {
      return running.pid;
    },
    get exited() {
      return running.exited;
    },
    restart: async () => {
      if (stopped) return;
      await running.exited;
      restarting = afterOrphans(
        () => runServer({ binaries, user, folder, port }, options, stopping.signal),
        stopping.signal,
      );
      running = await restarting;
    },
    stop: () => {
      stopping.abort();
      // One that is just being started is ended by the signal.
      stopped ??= Promise.allSettled([restarting])
        .then(() => endServer(running))
        .then(removeHome);
      return stopped;
    },
  };
}

async function makeDataFolder(options: {
  binaries: PostgresBinaries;
  user: SystemUser | undefined;
  home: string;
  folder: string;
  password: string;
  guardian: Guardian;
  certificates?: ServerCertificates | undefined;
}): Promise<void> {
  const { binaries, user, home, folder, password, guardian, certificates } = options;
  const passwordFile = join(home, "password");
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await chmod(home, 0o700);
  if (user) {
    await chown(home, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  const settings = Object.entries({ ...SETTINGS, ...(certificates && TLS_SETTINGS) }).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  await runInitdb(
    spawn(
      binaries.initdb,
      [
        ...["-D", folder, "-U", "postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"],
        ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
        // The folder is new: after a power failure there is nothing yet to be kept.
        "--no-sync",
        ...settings,
      ],
      {
        ...user,
        cwd: home,
        detached: true,
        stdio: ["ignore", "ignore", "pipe"],
        env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
      },
    ),
    guardian,
  );
  await rm(passwordFile);
  if (certificates) await serveTls(folder, user, certificates.textOf("database"));
}

/**
 * Waits for initdb, as the guardian does before it removes the folder: initdb's own servers, when they are ended or lose
 * their files, leave System V shared memory behind. It takes a second, so it is left to finish (SIGCONT ends nothing).
 */
async function runInitdb(child: ChildProcess, guardian: Guardian): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new Error(`PostgreSQL's initdb does not start: ${cause.message}`, { cause })),
    );
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`PostgreSQL's initdb failed (${signal ?? `exit code ${code}`}): ${said.trim()}`));
    });
  });
  if (child.pid === undefined) return ended;
  const guarding = { signal: "SIGCONT", graceMs: 20_000, hurriedGraceMs: 20_000, order: GUARDIAN_ORDER } as const;
  const release = guardian.process(child.pid, guarding);
  await ended.finally(release);
}

async function startOnFreePort(start: (port: number) => Promise<Running>): Promise<[Running, number]> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return [await start(port), port];
    } catch (error) {
      const taken =
        error instanceof Error && /could not create any TCP\/IP sockets|Address already in use/.test(error.message);
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** Starts the server's process and resolves when it accepts connections. */
export async function runServer(
  where: { binaries: PostgresBinaries; user: SystemUser | undefined; folder: string; port: number },
  options: PostgresOptions,
  stopping: AbortSignal,
): Promise<Running> {
  const child = spawn(where.binaries.postgres, ["-D", where.folder, "-p", String(where.port)], {
    ...where.user,
    cwd: where.folder,
    // A session of its own: a Ctrl-C in the terminal must not reach it before those that use it.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
  });
  const exited = new Promise<PostgresExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: null, signal: null }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const pid = child.pid as number;
  const guarding = { signal: "SIGQUIT", graceMs: 6_000, hurriedGraceMs: 3_000, order: GUARDIAN_ORDER } as const;
  const release = options.guardian.process(pid, guarding);
  void exited.then(release);
  const running: Running = { child, pid, exited, release };
  try {
    await ready(running, options, stopping);
    return running;
  } catch (error) {
    await endServer(running);
    throw error;
  }
}

function ready({ child, pid }: Running, { onLog }: PostgresOptions, stopping: AbortSignal): Promise<void> {
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  const lastLines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (what: string) =>
    reject(new Error(`PostgreSQL did not start: ${what}: ${lastLines.join(" | ") || "it said nothing"}`));
  // After a crash it replays its log, and says every ten seconds how far it is.
  const watch = watchStart(pid, {}, { tell: () => undefined, giveUp: fail });
  const aborted = () => fail("it was told to stop");
  lines.on("line", (line) => {
    onLog?.(line);
    watch.heard();
    if (lastLines.push(line) > 5) lastLines.shift();
    if (/database system is ready to accept (read-only )?connections/.test(line)) resolve();
  });
  // `close` comes after the last line was read; `exit` may come before.
  child.once("close", () => fail("it ended"));
  stopping.addEventListener("abort", aborted);
  if (stopping.aborted) aborted();
  return promise.finally(() => {
    watch.end();
    stopping.removeEventListener("abort", aborted);
  });
}

/** An immediate shutdown: the data folder goes with the server, so nothing need be written out first. */
export async function endServer(running: Running): Promise<void> {
  running.child.kill("SIGQUIT");
  const timer = setTimeout(() => running.child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await running.exited;
  clearTimeout(timer);
}
