/** The life of `npm start`: start, show, stay up, stop; and what it says meanwhile. */
import { join } from "node:path";
import { addressWithToken, consoleOperator } from "../operator/console/console-address.js";
import { BROKER_USERS } from "../shared/queue-map.js";
import { OPERATOR_SCOPES } from "../shared/scopes.js";
import { type BrokerLogins, readBrokerUsers, withLogin } from "./broker-users.js";
import { type ConsoleProcess, startConsole } from "./console-process.js";
import { demoPayments } from "./demo-cases.js";
import { makeDemoPayments } from "./demo-payments.js";
import { claimFolder, type FolderClaim } from "./folder-owner.js";
import { requireFreePort } from "./free-ports.js";
import { type Guardian, startGuardian } from "./guardian.js";
import { startObservation } from "./observe/observe-stack.js";
import type { StackOptions } from "./options.js";
import { openProcessLogs, type ProcessLogs } from "./process-logs.js";
import { requireBroker, requireDatabase } from "./reachable.js";
import { obeyRestartOrders } from "./restart-orders.js";
import { type RunFile, writeRunFile } from "./run-file.js";
import { type GatewayPorts, STACK_PROCESSES, type Stack, startStack } from "./stack.js";
import { issueCertificates, type StackCertificates } from "./stack-certificates.js";
import { listenForStop, type StopSignals } from "./stop-signals.js";
import type { Supervision, SupervisorEvent } from "./supervisor.js";
import { formatDemoResults, formatDoors, formatHowTo, formatSupervisorEvent } from "./terminal-text.js";

/** How a launcher speaks. */
export interface Voice {
  /** Writes what is essential. */
  say(text: string): void;
  /** Writes what `--quiet` leaves out. */
  tell(text: string): void;
  /** Writes that something is wrong. */
  complain(text: string): void;
  /** Aborted when nobody can read any more what it says. */
  readonly unheard: AbortSignal;
}

export interface LauncherPlace {
  /** Where run file, logs and keys go. */
  readonly folder: string;
  /** A path that the user gave, relative to where npm was called. */
  resolved(path: string): string;
  /** How a path is written for people. */
  shown(path: string): string;
}

/** What one run of the launcher is made of. */
interface Launch {
  readonly options: StackOptions;
  readonly brokerLogins: BrokerLogins | undefined;
  readonly place: LauncherPlace;
  readonly voice: Voice;
  readonly guardian: Guardian;
  readonly stopping: StopSignals;
  readonly logs: ProcessLogs;
}

/**
 * Runs the stack until it is told to stop, or until the demonstration is over with `--once`.
 * @returns the exit code: 0, or 1 when the demonstration of `--once` did not end as it should.
 * @throws what keeps the stack from starting, after everything was stopped.
 */
export async function runLauncher(options: StackOptions, place: LauncherPlace, voice: Voice): Promise<number> {
  const claim = await claimFolder(place.folder, "npm start");
  try {
    await requireFreePort("--grpc-port", options.grpcPort);
    await requireFreePort("--http-port", options.httpPort);
    await requireFreePort("--console-port", options.consolePort);
    const brokerLogins = await requireServers(options, place);
    return await runOwner(claim, { options, brokerLogins, place, voice });
  } finally {
    await claim.release();
  }
}

/**
 * Looks whether the broker and the database that the user named can be used, before anything is started.
 * @returns the logins of --broker-users.
 */
async function requireServers(options: StackOptions, place: LauncherPlace): Promise<BrokerLogins | undefined> {
  const { broker, brokerUsers, database } = options;
  const logins = brokerUsers === undefined ? undefined : await readBrokerUsers(place.resolved(brokerUsers));
  const urls = new Map<string, string>();
  if (broker instanceof URL) {
    if (logins === undefined) urls.set("the URL", broker.href);
    else for (const name of BROKER_USERS) urls.set(name, withLogin(broker, logins[name]));
  }
  await Promise.all([requireBroker(urls), requireDatabase(database)]);
  return logins;
}

/** Runs the stack of whoever owns the folder. */
async function runOwner(
  claim: FolderClaim,
  parts: Pick<Launch, "options" | "brokerLogins" | "place" | "voice">,
): Promise<number> {
  const { options, place, voice } = parts;
  const guardian = startGuardian();
  guardian.runFile(claim.path, claim.token);
  const stopping = listenForStop(() => {
    voice.say("Stopping at once.");
    void guardian.hurry();
  });
  stopping.signal.addEventListener("abort", () => voice.tell("\nStopping. Ctrl-C once more stops at once."));
  const stopUnheard = () => {
    voice.complain("Nobody reads what npm start says any more: stopping.");
    stopping.stop("nobody reads standard output");
  };
  if (voice.unheard.aborted) stopUnheard();
  else voice.unheard.addEventListener("abort", stopUnheard, { once: true });
  const logs = await openProcessLogs({
    folder: join(place.folder, "logs"),
    processes: [...STACK_PROCESSES, "console"],
    onComplaint: ({ process: name, level, text }) => {
      // While things stop, connections break as they must.
      if (stopping.signal.aborted || (options.quiet && level === "warn")) return;
      voice.complain(`${name}: ${level === "warn" ? "warning" : "error"}: ${text}`);
    },
  });
  try {
    return await launch({ ...parts, guardian, stopping, logs });
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    throw error;
  } finally {
    await guardian.close();
    await logs.close();
    stopping.close();
    voice.unheard.removeEventListener("abort", stopUnheard);
    if (stopping.signal.aborted) voice.tell("Everything has stopped.");
  }
}

async function launch(parts: Launch): Promise<number> {
  const { options, brokerLogins, place, voice, guardian, stopping, logs } = parts;
  const began = performance.now();
  voice.tell("Starting Quittance");
  let onRestart: () => Promise<void> = async () => undefined;
  let brokerDurable = true;
  const onEvent = (event: SupervisorEvent) => {
    const lost = event.type === "died" && event.name === "broker" && !brokerDurable;
    voice.complain(formatSupervisorEvent(event, lost ? "; the messages that it held in memory are lost" : ""));
    if (event.type === "restarted") onRestart().catch((error: unknown) => voice.complain(String(error)));
  };
  const certificates = options.tls ? await issueCertificates(join(place.folder, "tls")) : undefined;
  const observation = options.observe
    ? await startObservation({
        folder: join(place.folder, "observe"),
        guardian,
        caFile: certificates?.caFile,
        onMissing: (what) => voice.say(`  ${what}`),
      })
    : undefined;
  const stack = await startStack({
    ...options,
    certificates,
    brokerLogins,
    guardian,
    signal: stopping.signal,
    keysFile: join(place.folder, "keys.json"),
    onOutput: logs.write,
    onProgress: (sentence) => voice.tell(`  ${sentence}`),
    onEvent,
  });
  brokerDurable = stack.brokerDurable;
  let console: Supervision<ConsoleProcess> | undefined;
  try {
    const [example] = demoPayments();
    const token = await stack.tokenOf(example.merchantId);
    const runFile = join(place.folder, "run.json");
    stack.guardRunFile(runFile, token);
    const writeRun = () =>
      writeRunFile(runFile, runFileOf(stack, { token, certificates, console: console?.current.ready.url }));
    onRestart = async () => {
      await writeRun();
      await observation?.watch(stack);
    };
    await onRestart();
    obeyRestartOrders((name) => (name === "console" ? console?.restart() : stack.restart(name)));
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    voice.say(`Quittance runs after ${seconds} s: ${formatDoors(stack.gateways)}`);
    for (const link of observation?.links() ?? []) voice.say(link);
    const succeeded = await demonstrate(stack, parts, certificates);
    // After the payments, which would wait for it to start.
    if (!stopping.signal.aborted) {
      console = await startConsole({
        ...{ stack, certificates, guardian, onEvent },
        port: options.consolePort,
        tracing: observation?.tracing,
        signal: stopping.signal,
        onOutput: (chunk, stream) => logs.write("console", chunk, stream),
      });
      await writeRun();
      const address = addressWithToken(
        console.current.ready.url,
        await stack.tokenOf(consoleOperator(), OPERATOR_SCOPES),
      );
      (options.once ? voice.tell : voice.say)(`\nThe operator's console: ${address}`);
    }
    if (options.once) return succeeded || stopping.signal.aborted ? 0 : 1;
    const paths = { runFile: place.shown(runFile), logs: place.shown(join(place.folder, "logs")) };
    if (!stopping.signal.aborted) {
      voice.tell(
        `\n${formatHowTo({ ...paths, caFile: certificates && place.shown(certificates.caFile), grpcPort: stack.grpcPort, httpPort: stack.httpPort, token, example })}`,
      );
      voice.tell("\nCtrl-C stops everything.");
    }
    await aborted(stopping.signal);
    return 0;
  } finally {
    await console?.stop();
    await stack.stop();
    await observation?.stop();
  }
}

/** Makes the payments and shows them; false when one did not end as it should. */
async function demonstrate(
  stack: Stack,
  { voice, stopping }: Launch,
  certificates: StackCertificates | undefined,
): Promise<boolean> {
  voice.tell("\nFive payments, one of each kind:\n");
  const results = await makeDemoPayments({
    payments: demoPayments(),
    grpcPorts: stack.gateways.map(({ grpcPort }) => grpcPort),
    ca: certificates?.ca,
    tokenOf: stack.tokenOf,
    signal: stopping.signal,
  });
  if (stopping.signal.aborted) return false;
  voice.tell(formatDemoResults(results));
  const problems = results.flatMap((result) => result.problem ?? []);
  for (const problem of problems) voice.complain(problem);
  return problems.length === 0;
}

function runFileOf(
  stack: Stack,
  {
    token,
    certificates,
    console,
  }: {
    readonly token: string;
    readonly certificates: StackCertificates | undefined;
    readonly console: string | undefined;
  },
): RunFile {
  const host = certificates === undefined ? "127.0.0.1" : "localhost";
  const http = `${certificates === undefined ? "http" : "https"}://${host}`;
  const doorsOf = ({ grpcPort, httpPort }: GatewayPorts) => ({
    grpc: `${host}:${grpcPort}`,
    http: `${http}:${httpPort}`,
  });
  return {
    ...doorsOf(stack),
    gateways: stack.gateways.map(doorsOf),
    ...(console !== undefined && { console }),
    ...(stack.brokerHealthPort !== undefined && { brokerHealth: `${http}:${stack.brokerHealthPort}` }),
    broker: stack.brokerUrl,
    auditor: stack.auditorUrl,
    database: stack.databaseUrl,
    ...(certificates && { authority: certificates.caFile }),
    token,
    signer: stack.signer,
    cardKeys: stack.cardKeys,
    services: stack.services().map(({ name, pid, healthPort }) => ({ name, pid, health: `${http}:${healthPort}` })),
    keysFolder: stack.keysFolder,
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
