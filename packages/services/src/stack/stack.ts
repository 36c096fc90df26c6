/** The whole system on one machine: database, broker and five services, supervised, and stopped cleanly. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  createDevelopmentKeys,
  type DevelopmentKeys,
  mintToken,
  type TokenSigner,
} from "../operator/development-token.js";
import { PUBLIC_KEYS } from "../operator/signing-keys.js";
import { keepsState, SERVICES, type ServiceName } from "../topology/system-table.js";
import type { BrokerLogins } from "./broker-users.js";
import type { Guardian } from "./guardian.js";
import { folderOfKeys, placeKeys } from "./key-folder.js";
import type { StackOptions } from "./options.js";
import { createKeys, keepKeys } from "./secrets.js";
import { type ServiceProcess, startServiceProcess } from "./service-process.js";
import { environmentOf, type StackEnvironment, type StackKeys } from "./service-table.js";
import { type StackBroker, startStackBroker } from "./stack-broker.js";
import type { StackCertificates } from "./stack-certificates.js";
import { type StackDatabase, startStackDatabase } from "./stack-database.js";
import { type Supervisable, type Supervision, type SupervisorEvent, supervise } from "./supervisor.js";

const ISSUER = "quittance-development";
const AUDIENCE = "quittance";

/** How often to say what is still being started. */
const SLOW_AFTER_MS = 4_000;

/** The processes of a stack: what log files are named after. */
export type StackProcessName = "database" | "broker" | ServiceName;
export const STACK_PROCESSES: readonly StackProcessName[] = ["database", "broker", ...SERVICES];

export interface StackStartOptions extends Pick<StackOptions, "broker" | "database" | "grpcPort" | "httpPort"> {
  /** The login of each service at a broker that runs already [that of the URL]. */
  readonly brokerLogins?: BrokerLogins | undefined;
  /** With them every hop has TLS [plain text]. */
  readonly certificates?: StackCertificates | undefined;
  /** Ends and removes what is left when the stack stops, or when this process is gone. A stack closes it. */
  readonly guardian: Guardian;
  /** Where the keys are kept when the database is not the stack's own. Services read theirs from a folder beside it. */
  readonly keysFile: string;
  /** Ends the start when aborted; what was started is ended. */
  readonly signal?: AbortSignal;
  /** Called with everything that the processes write. */
  readonly onOutput?: (process: StackProcessName, chunk: Buffer, stream: "stdout" | "stderr") => void;
  /** Called for processes that die and come back. */
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Called with each step of the start, in a sentence. */
  readonly onProgress?: (sentence: string) => void;
  /** Longest pause before a process that died is started again, in milliseconds [10,000]. */
  readonly maximumRestartDelayMs?: number;
  /** How many processes of a service run [1 of each]. Further gateways take free ports. */
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** Where Artemis has its folder [the system's for temporary files]. */
  readonly brokerFolder?: string | undefined;
  /** Where a service finds its broker or database instead of at `url`: for a proxy in between. */
  readonly route?: (service: ServiceName, url: string) => Promise<string>;
}

/** A service that runs. */
export interface StackService {
  readonly name: ServiceName;
  readonly pid: number;
  readonly healthPort: number;
}

/** The ports of a gateway. */
export interface GatewayPorts {
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** The ports are those of the first gateway. */
export interface Stack extends GatewayPorts {
  /** All gateways, the first one first. */
  readonly gateways: readonly GatewayPorts[];
  /** Operators' URLs, with passwords. */
  readonly brokerUrl: string;
  /** That of the broker's user who looks into queues and takes nothing. */
  readonly auditorUrl: string;
  /** Where the broker reports its queues at `/metrics` by itself, on 127.0.0.1; only the embedded one does. */
  readonly brokerHealthPort: number | undefined;
  readonly databaseUrl: string;
  /** What its services' keys are made of. */
  readonly keys: StackKeys;
  /** Whether the broker's messages outlive its process. */
  readonly brokerDurable: boolean;
  /** The processes of the services of the moment; one for each instance. */
  services(): StackService[];
  /** The process ids of broker and database, where they are the stack's own, and of the guardian. */
  processes(): {
    readonly broker: number | undefined;
    /** The broker of a pair that waits for the end of the other. */
    readonly standbyBroker: number | undefined;
    readonly database: number | undefined;
    readonly guardian: number | undefined;
  };
  /** Stops all instances of a service, and starts them again only when the returned function is called. */
  hold(service: ServiceName): Promise<() => Promise<void>>;
  /** Starts all instances of a service again, with the code that is compiled now. Resolves after the first attempt. */
  restart(service: ServiceName): Promise<void>;
  /** A token with which a merchant may do everything, or what `scopes` allow; an operator's has those of operators. */
  tokenOf(subject: string, scopes?: readonly string[]): Promise<string>;
  /** What those tokens are signed with. */
  readonly signer: TokenSigner;
  /** What the cards of clients are stored under. */
  readonly cardKeys: Pick<StackKeys, "CARD_FINGERPRINT_KEYS" | "CARD_STORAGE_KEYS">;
  /** Where the lists of keys are, a file for each: services read them again while they run. */
  readonly keysFolder: string;
  /** Has the run file removed when the stack ends, however it ends. */
  guardRunFile(path: string, token: string): void;
  /** Stops gateway, other services, broker and database, in this order. Safe to call twice. */
  stop(): Promise<void>;
}

/** The supervised processes of a stack while they come into being. */
interface Parts {
  readonly guardian: Guardian;
  readonly signal: AbortSignal;
  readonly onEvent: (event: SupervisorEvent) => void;
  readonly onProgress: (sentence: string) => void;
  readonly maximumDelayMs: number | undefined;
  broker?: Supervision<Supervisable>;
  database?: Supervision<Supervisable>;
  /** Each with its instances. */
  readonly services: Map<ServiceName, Supervision<ServiceProcess>[]>;
}

/**
 * Starts everything, as much at the same time as can be.
 * @throws the first failure, after everything that had started was ended.
 */
export async function startStack(options: StackStartOptions): Promise<Stack> {
  const halted = new AbortController();
  const signal = options.signal ? AbortSignal.any([halted.signal, options.signal]) : halted.signal;
  const parts: Parts = {
    guardian: options.guardian,
    signal,
    onEvent: options.onEvent ?? (() => undefined),
    onProgress: options.onProgress ?? (() => undefined),
    maximumDelayMs: options.maximumRestartDelayMs,
    services: new Map(),
  };
  const booting = boot(options, parts);
  try {
    const booted = await Promise.race([booting.done, rejectWhenAborted(signal)]);
    return stackOf(parts, booted, () => halted.abort());
  } catch (error) {
    halted.abort();
    await options.guardian.close();
    // What was just being started when the guardian went is stopped here.
    await Promise.allSettled(booting.pending);
    await stopParts(parts);
    throw error;
  }
}

interface Booted {
  readonly keys: StackKeys;
  readonly keysFolder: string;
  /** Whether the database, and with it the need for the keys, outlives the stack. */
  readonly keepsKeys: boolean;
  readonly merchantKeys: DevelopmentKeys;
  readonly broker: StackBroker;
  readonly database: StackDatabase;
}

/** Starts each part as soon as what it needs is there. `pending` settles when nothing is being started any more. */
function boot(options: StackStartOptions, parts: Parts): { done: Promise<Booted>; pending: Promise<unknown>[] } {
  const outputOf = (name: StackProcessName) => (chunk: Buffer, stream: "stdout" | "stderr") =>
    options.onOutput?.(name, chunk, stream);

  const merchantKeys = createDevelopmentKeys();
  const keysFolder = folderOfKeys(options.keysFile);
  const keys: Promise<StackKeys> = Promise.all([
    options.database === "embedded" ? createKeys() : keepKeys(options.keysFile),
    merchantKeys,
  ]).then(([made, { privateKey }]) =>
    placeKeys(keysFolder, made, { signer: privateKey, keep: options.database !== "embedded" }),
  );
  const began = performance.now();
  const broker = startStackBroker({
    ...parts,
    broker: options.broker,
    brokerLogins: options.brokerLogins,
    brokerFolder: options.brokerFolder,
    certificates: options.certificates,
    onOutput: outputOf("broker"),
  }).then((started) => {
    if (started.supervision) parts.broker = started.supervision;
    parts.onProgress(`${started.description} (${Math.round(performance.now() - began)} ms)`);
    return started;
  });
  const database = keys.then((known) =>
    startStackDatabase({
      ...parts,
      database: options.database,
      certificates: options.certificates,
      keys: known,
      onOutput: outputOf("database"),
      onServer: (supervision) => {
        parts.database = supervision;
      },
    }),
  );

  async function startService(name: ServiceName): Promise<void> {
    const knownBroker = await broker;
    const route = options.route ?? (async (_service: ServiceName, url: string) => url);
    const brokerUrl = await route(name, knownBroker.urlOf(name));
    const databaseUrl = keepsState(name) ? await route(name, (await database).urlOf(name)) : "";
    const environment = environmentOf(name, {
      brokerUrlOf: () => brokerUrl,
      databaseUrlOf: () => databaseUrl,
      keys: await keys,
      keysFolder,
      authentication: { AUTH_JWKS: join(keysFolder, PUBLIC_KEYS), AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE },
      grpcPort: options.grpcPort,
      httpPort: options.httpPort,
    } satisfies StackEnvironment);
    const secured = { ...environment, ...options.certificates?.environmentOf(name) };
    const count = options.instances?.[name] ?? 1;
    const instances = Array.from({ length: count }, (_, place) =>
      startInstance(name, place === 0 ? secured : { ...secured, GRPC_PORT: "0", HTTP_PORT: "0" }),
    );
    parts.services.set(name, await Promise.all(instances));
  }

  function startInstance(name: ServiceName, environment: NodeJS.ProcessEnv): Promise<Supervision<ServiceProcess>> {
    parts.signal.throwIfAborted();
    return supervise<ServiceProcess>({
      name,
      start: (previous) =>
        startServiceProcess({
          name,
          environment: { ...environment, ...portsOf(previous) },
          guardian: parts.guardian,
          onOutput: outputOf(name),
        }),
      onEvent: parts.onEvent,
      signal: parts.signal,
      maximumDelayMs: parts.maximumDelayMs,
    });
  }

  const services = SERVICES.map(startService);
  const pending: Promise<unknown>[] = [merchantKeys, broker, database, ...services];
  const waitingFor = new Map<string, Promise<unknown>>([
    ["database", database],
    ["broker", broker],
  ]);
  SERVICES.forEach((name, place) => {
    waitingFor.set(name, services[place] as Promise<void>);
  });
  const stopTelling = tellWhatIsSlow(waitingFor, parts.onProgress);
  const done = Promise.all(pending)
    .finally(stopTelling)
    .then(async () => ({
      keys: await keys,
      keysFolder,
      keepsKeys: options.database !== "embedded",
      merchantKeys: await merchantKeys,
      broker: await broker,
      database: await database,
    }));
  return { done, pending };
}

/** Says every few seconds what is still being started, so that a slow machine does not look like a broken one. */
function tellWhatIsSlow(parts: ReadonlyMap<string, Promise<unknown>>, tell: (sentence: string) => void): () => void {
  const left = new Set(parts.keys());
  for (const [name, part] of parts) {
    const done = () => left.delete(name);
    part.then(done, done);
  }
  const timer = setInterval(() => tell(`still starting: ${[...left].join(", ")}`), SLOW_AFTER_MS);
  return () => clearInterval(timer);
}

/** A service that comes back takes the ports that it had. */
function portsOf(previous: ServiceProcess | undefined): NodeJS.ProcessEnv {
  if (previous === undefined) return {};
  const { health, ports } = previous.ready;
  const own = Object.entries(ports).map(([name, port]) => [`${name.toUpperCase()}_PORT`, String(port)]);
  return { HEALTH_PORT: String(health), ...Object.fromEntries(own) };
}

function stackOf(parts: Parts, booted: Booted, halt: () => void): Stack {
  const { keys, keysFolder, keepsKeys, merchantKeys, broker, database } = booted;
  const instancesOf = (name: ServiceName) => parts.services.get(name) ?? [];
  const gateways = instancesOf("gateway").map(({ current: { ready } }) => ({
    grpcPort: ready.ports.grpc ?? 0,
    httpPort: ready.ports.http ?? 0,
  }));
  let stopped: Promise<void> | undefined;
  return {
    ...(gateways[0] as GatewayPorts),
    gateways,
    brokerUrl: broker.urlOf("operator"),
    auditorUrl: broker.urlOf("auditor"),
    databaseUrl: database.url,
    keys,
    brokerHealthPort: broker.healthPort,
    brokerDurable: broker.durable,
    services: () =>
      SERVICES.flatMap((name) =>
        instancesOf(name).map(({ current: { pid, ready } }) => ({ name, pid, healthPort: ready.health })),
      ),
    processes: () => ({
      broker: parts.broker?.current.pid,
      standbyBroker: broker.standby?.(),
      database: parts.database?.current.pid,
      guardian: parts.guardian.pid,
    }),
    hold: async (name) => {
      const resumes = await Promise.all(instancesOf(name).map((instance) => instance.hold()));
      return async () => {
        await Promise.all(resumes.map((resume) => resume()));
      };
    },
    restart: async (name) => {
      await Promise.all(instancesOf(name).map((instance) => instance.restart()));
    },
    tokenOf: (subject, scopes) =>
      mintToken(merchantKeys, { merchantId: subject, issuer: ISSUER, audience: AUDIENCE, ...(scopes && { scopes }) }),
    signer: { privateKey: merchantKeys.privateKey, issuer: ISSUER, audience: AUDIENCE },
    cardKeys: { CARD_FINGERPRINT_KEYS: keys.CARD_FINGERPRINT_KEYS, CARD_STORAGE_KEYS: keys.CARD_STORAGE_KEYS },
    keysFolder,
    guardRunFile: (path, token) => {
      parts.guardian.runFile(path, token);
    },
    stop: () => {
      halt();
      stopped ??= stopParts(parts).then(async () => {
        await parts.guardian.close();
        if (!keepsKeys) await rm(keysFolder, { recursive: true, force: true });
      });
      return stopped;
    },
  };
}

/** The gateway first: it takes nothing new in while the others finish what they hold. */
async function stopParts(parts: Parts): Promise<void> {
  await Promise.all((parts.services.get("gateway") ?? []).map((gateway) => gateway.stop()));
  await Promise.all([...parts.services.values()].flat().map((service) => service.stop()));
  await parts.broker?.stop();
  await parts.database?.stop();
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
