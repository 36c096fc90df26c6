/** A real ActiveMQ Artemis as a child process: fetched once by Maven, configured from the queue map. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { artemisJavaArguments, artemisTlsParameters, writeArtemisInstance } from "../operator/artemis-instance.js";
import type { PairMember } from "../operator/broker-configuration.js";
import type { BrokerUserName } from "../shared/queue-map.js";
import type { StackCertificates } from "./stack-certificates.js";
import { type Patience, watchStart } from "./start-patience.js";

const run = promisify(execFile);

const ARTEMIS_VERSION = "2.56.0";
const COORDINATES = `org.apache.artemis:apache-artemis:${ARTEMIS_VERSION}:tar.gz:bin`;
/** Of the archive, as the project publishes it; Maven compares only with what comes from where the archive comes from. */
const SHA512 =
  "441ad38aa1b0526e5709edf43542039f016669d24134056613e4cbafdf6b101e5351f79f7ee190b43fc8031f6ec596a5fd075490dcee4d3eb3a88d8ed2cfc01b";
/** Characters of its output that are kept while it starts, and those that are shown when it does not. */
const KEPT_OUTPUT = 20_000;
const LAST_OUTPUT = 2_000;
/** What it says when it begins to serve: as the only one or primary, and as the backup. */
const ACTIVE = /AMQ2210(07|10)/;
/** What one of a pair says when the other holds the lock; a primary says so for a moment in any case. */
const WAITS = /AMQ221034|AMQ221109/;
/** How long it may take to stop before it is killed. */
const STOP_TIMEOUT_MS = 10_000;

export interface ArtemisOptions {
  /** Configuration, journal and log live here; given again, the broker comes back with its messages. */
  readonly directory: string;
  readonly passwords: Readonly<Record<BrokerUserName, string>>;
  /** With them it serves TLS, and users may log in by their certificates [plain text]. */
  readonly certificates?: StackCertificates | undefined;
  /** [0: an ephemeral port; on a restart give the port of before] */
  readonly port?: number;
  /** Which of a pair it is. It may then be ready without serving, and serve when the other ends; it needs a `port`. */
  readonly pair?: PairMember;
  /** The Java heap in megabytes [256]. */
  readonly heapMegabytes?: number;
  /** How long it may take until it serves: with a big journal, minutes. */
  readonly patience?: Patience;
  /** Ends the start when aborted. */
  readonly signal?: AbortSignal;
  /** Called with each slow step. */
  readonly onProgress?: (sentence: string) => void;
  /** Called with Java's process as soon as it exists, long before it serves. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

export interface Artemis {
  /** `amqp://127.0.0.1:port`, without a user. */
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Whether it serves: one of a pair may wait for the other's end. */
  isActive(): boolean;
  /** SIGTERM, and SIGKILL when that does not help; the directory stays. */
  stop(): Promise<void>;
}

/**
 * Starts Artemis.
 * @throws Error that says what is missing (Java 17 or later, Maven) or shows the end of the broker's log.
 */
export async function startArtemis(options: ArtemisOptions): Promise<Artemis> {
  const home = await findArtemis(options.onProgress ?? (() => {}));
  const port = options.port ?? 0;
  const { directory, passwords, heapMegabytes = 256 } = options;
  await writeArtemisInstance({
    directory,
    passwords,
    acceptor: `tcp://127.0.0.1:${port}?protocols=AMQP${await tlsParameters(options)}`,
    certificates: options.certificates !== undefined,
    ...(options.pair && { pair: options.pair }),
  });
  const child = spawn("java", artemisJavaArguments({ home, directory, heapMegabytes }), {
    cwd: directory,
    // A session of its own: a Ctrl-C in the terminal must not reach it before those that use it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  options.onSpawn?.(child);
  const log = createWriteStream(join(directory, "artemis.log"), { flags: "a" });
  // With a full disk there is no log; that must not end who started the broker.
  log.on("error", () => undefined);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once("close", () => log.end());
  const isActive = watchActivation(child);
  try {
    const listening = await untilListening(child, options);
    return { url: `amqp://127.0.0.1:${listening}`, port: listening, process: child, isActive, stop: () => stop(child) };
  } catch (error) {
    child.kill("SIGKILL");
    // Whatever it started may hold its output open.
    child.stdout.destroy();
    child.stderr.destroy();
    throw error;
  }
}

/** Java reads a key and its certificate from one file. */
async function tlsParameters({ directory, certificates }: ArtemisOptions): Promise<string> {
  if (certificates === undefined) return "";
  const keyStoreFile = join(directory, "broker.pem");
  const { cert, key } = certificates.textOf("broker");
  await writeFile(keyStoreFile, `${key}${cert}`, { mode: 0o600 });
  return artemisTlsParameters({ keyStoreFile, caFile: certificates.caFile });
}

/**
 * The folder of the distribution: `ARTEMIS_HOME`, or one unpacked once into the user's cache.
 * @throws Error that says what is missing.
 */
export async function findArtemis(onProgress: (sentence: string) => void): Promise<string> {
  await requireCommand(
    "java",
    ["-version"],
    "Artemis needs Java 17 or later (Debian: apt-get install openjdk-17-jre-headless).",
  );
  if (process.env.ARTEMIS_HOME) return process.env.ARTEMIS_HOME;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quittance");
  const home = join(cache, `apache-artemis-${ARTEMIS_VERSION}`);
  if (await exists(join(home, "lib", "artemis-boot.jar"))) return home;

  await requireCommand(
    "mvn",
    ["-version"],
    "Fetching Artemis needs Maven (Debian: apt-get install maven), or set ARTEMIS_HOME.",
  );
  onProgress(`fetching Apache Artemis ${ARTEMIS_VERSION} with Maven (once, about 100 MB)`);
  // A folder of this process's own, renamed when complete: two that fetch at once do not see each other's half.
  const unpacking = join(cache, `unpacking-${process.pid}`);
  await mkdir(unpacking, { recursive: true });
  try {
    await run(
      "mvn",
      [
        "-B",
        "-q",
        "dependency:copy",
        `-Dartifact=${COORDINATES}`,
        `-DoutputDirectory=${unpacking}`,
        "-Dmdep.useBaseVersion=true",
      ],
      { cwd: unpacking },
    );
    const archive = join(unpacking, `apache-artemis-${ARTEMIS_VERSION}-bin.tar.gz`);
    await verifyDigest(archive);
    onProgress("unpacking it");
    await run("tar", ["-xzf", archive], { cwd: unpacking });
    await rename(join(unpacking, `apache-artemis-${ARTEMIS_VERSION}`), home).catch(async (error: unknown) => {
      if (!(await exists(join(home, "lib", "artemis-boot.jar")))) throw error;
    });
  } finally {
    await rm(unpacking, { recursive: true, force: true });
  }
  return home;
}

/** @throws Error when the archive is another one than the one that this version was tested with. */
async function verifyDigest(archive: string): Promise<void> {
  const hash = createHash("sha512");
  await pipeline(createReadStream(archive), hash);
  const digest = hash.digest("hex");
  if (digest === SHA512) return;
  throw new Error(`${archive} is not the Artemis ${ARTEMIS_VERSION} that it should be: its SHA-512 is ${digest}.`);
}

/** Reads on in the log: a broker that waits becomes active later. */
function watchActivation(child: ChildProcess): () => boolean {
  let active = false;
  let last = "";
  const read = (chunk: Buffer) => {
    last = (last + chunk.toString()).slice(-KEPT_OUTPUT);
    active ||= ACTIVE.test(last);
    if (active) child.stdout?.off("data", read);
  };
  child.stdout?.on("data", read);
  return () => active && child.exitCode === null && child.signalCode === null;
}

/**
 * Resolves with the port once the log says that the acceptor listens (AMQ221020) and the server is active, or that this
 * one of a pair waits for the other.
 */
function untilListening(child: ChildProcess, options: ArtemisOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let text = "";
  const fail = (why: string) => reject(new Error(`Artemis did not start: ${why}\n${text.slice(-LAST_OUTPUT)}`));
  const watch = watchStart(child.pid ?? 0, options.patience ?? {}, {
    tell: (seconds) => options.onProgress?.(`Artemis is still starting after ${seconds} s`),
    giveUp: fail,
  });
  let port: string | undefined;
  let live = false;
  const read = (chunk: Buffer) => {
    watch.heard();
    text += chunk.toString();
    port ??= /AMQ221020: Started \w+ Acceptor at [^\s]*:(\d+)/.exec(text)?.[1];
    live ||= ACTIVE.test(text);
    if (port !== undefined && live) resolve(Number(port));
    else if (options.pair !== undefined && WAITS.test(text)) resolve(options.port ?? 0);
    // A line may come in two pieces; a broker that has much to say must not fill our memory.
    text = text.slice(-KEPT_OUTPUT);
  };
  const aborted = () => fail("it was told to stop");
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  child.once("error", (error) => fail(error.message));
  child.once("exit", (code, signal) => fail(`it ended with ${signal ?? code}`));
  options.signal?.addEventListener("abort", aborted);
  if (options.signal?.aborted) aborted();
  return promise.finally(() => {
    watch.end();
    options.signal?.removeEventListener("abort", aborted);
    child.stdout?.off("data", read);
    child.stderr?.off("data", read);
  });
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

async function requireCommand(command: string, args: readonly string[], otherwise: string): Promise<void> {
  await run(command, args).catch((error: unknown) => {
    throw new Error(otherwise, { cause: error });
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
