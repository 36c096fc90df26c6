/**
 * Services as processes, and the whole house, for tests of the flow. Whatever a test forgets to stop ends with mocha.
 *
 * ```ts
 * const service = await startService({ name: "client-bank", environment: { BROKER_URL, DATABASE_URL } });
 * await service.kill("SIGKILL");
 * await service.restart();           // on the same ports
 * await service.stop();              // SIGTERM: drains, and fails when the exit code is not 0
 *
 * const house = useHouse();          // in a suite: everything that `npm start` starts, on free ports
 * await pay(house().stack.grpcPort, await house().stack.tokenOf("..."), ...);
 * await house().kill("merchant-bank");  // SIGKILL; resolves when the stack has started it again
 * ```
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import { startGuardian } from "../../dist/stack/guardian.js";
import type { ProcessExit } from "../../dist/stack/node-process.js";
import { type ServiceProcess, startServiceProcess } from "../../dist/stack/service-process.js";
import { type Stack, type StackProcessName, type StackStartOptions, startStack } from "../../dist/stack/stack.js";
import type { SupervisorEvent } from "../../dist/stack/supervisor.js";
import { testGuardian } from "./database-for-tests.js";
import { eventually } from "./eventually.js";

/** Bytes kept of what a service wrote, the newest. */
const MAXIMUM_OUTPUT = 4 * 1024 * 1024;

/** A service under test. */
export interface TestService {
  readonly pid: number;
  /** The port of `/livez` and `/readyz`. */
  readonly healthPort: number;
  /** The ports that the service told, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Everything it wrote, from all its lives: one JSON line for each event. */
  output(): string;
  /** Sends a signal and resolves when the process has ended. */
  kill(signal: NodeJS.Signals): Promise<ProcessExit>;
  /** Starts it again after it ended, on the ports that it had. */
  restart(): Promise<void>;
  /** SIGTERM. @throws when it does not exit with 0: a drain failed. */
  stop(): Promise<void>;
}

/** Starts one service with exactly this environment (and a PATH), and resolves when it is ready. */
export async function startService(options: {
  readonly name: ServiceName;
  readonly environment: NodeJS.ProcessEnv;
}): Promise<TestService> {
  let output = "";
  const start = (ports: NodeJS.ProcessEnv): Promise<ServiceProcess> =>
    startServiceProcess({
      name: options.name,
      environment: { PATH: process.env.PATH, ...options.environment, ...ports },
      guardian: testGuardian(),
      onOutput: (chunk) => {
        output = `${output}${chunk.toString("utf8")}`.slice(-MAXIMUM_OUTPUT);
      },
    });
  let current = await start({});
  return {
    get pid() {
      return current.pid;
    },
    get healthPort() {
      return current.ready.health;
    },
    get ports() {
      return current.ready.ports;
    },
    output: () => output,
    kill: (signal) => current.kill(signal),
    restart: async () => {
      await current.exited;
      const ports = Object.entries(current.ready.ports).map(([name, port]) => [
        `${name.toUpperCase()}_PORT`,
        `${port}`,
      ]);
      current = await start({ HEALTH_PORT: String(current.ready.health), ...Object.fromEntries(ports) });
    },
    stop: async () => {
      const exit = await current.stop();
      if (exit.code !== 0) throw new Error(`${options.name} did not drain: ${JSON.stringify(exit)}\n${output}`);
    },
  };
}

/** The whole house under test. */
export interface TestHouse {
  readonly stack: Stack;
  /** What happened to its processes. */
  readonly events: readonly SupervisorEvent[];
  /** What the processes wrote, all together. */
  output(): string;
  /** Kills a process with SIGKILL and resolves when it has been started again. */
  kill(name: StackProcessName): Promise<void>;
  stop(): Promise<void>;
}

type HouseOptions = Partial<Pick<StackStartOptions, "broker" | "database">>;

/** Starts everything that `npm start` starts, on free ports. */
export async function startHouse(options: HouseOptions = {}): Promise<TestHouse> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-house-"));
  const events: SupervisorEvent[] = [];
  let output = "";
  const stack = await startStack({
    broker: options.broker ?? "embedded",
    database: options.database ?? "embedded",
    grpcPort: 0,
    httpPort: 0,
    guardian: startGuardian(),
    keysFile: join(folder, "keys.json"),
    onEvent: (event) => events.push(event),
    onOutput: (_name, chunk) => {
      output = `${output}${chunk.toString("utf8")}`.slice(-MAXIMUM_OUTPUT);
    },
  });
  const pidOf = (name: StackProcessName): number | undefined =>
    name === "broker" || name === "database"
      ? stack.processes()[name]
      : stack.services().find((service) => service.name === name)?.pid;
  return {
    stack,
    events,
    output: () => output,
    kill: async (name) => {
      const seen = events.length;
      const pid = pidOf(name);
      if (pid === undefined) throw new Error(`${name} is no process of this stack.`);
      process.kill(pid, "SIGKILL");
      await eventually(
        `${name} comes back`,
        () => events.slice(seen).some((event) => event.type === "restarted" && event.name === name),
        30_000,
      );
    },
    stop: async () => {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Gives the suite that calls it a house of its own: started before its tests, stopped after them. */
export function useHouse(options: HouseOptions = {}): () => TestHouse {
  let house: TestHouse | undefined;
  before(async function startTheHouse() {
    this.timeout(120_000);
    house = await startHouse(options);
  });
  after(async function stopTheHouse() {
    this.timeout(60_000);
    await house?.stop();
  });
  return () => {
    if (house === undefined) throw new Error("The house exists only inside hooks and tests.");
    return house;
  };
}
