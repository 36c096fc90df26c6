/**
 * Single services as processes, for tests of their life. Whatever a test forgets to stop ends with mocha. The whole
 * system is in stack-for-tests.ts.
 *
 * ```ts
 * const service = await startService({ name: "client-bank", environment: { BROKER_URL, DATABASE_URL } });
 * await service.kill("SIGKILL");
 * await service.restart();           // on the same ports
 * await service.stop();              // SIGTERM: drains, and fails when the exit code is not 0
 * ```
 */
import type { ServiceName } from "../../dist/shared/queue-map.js";
import type { ProcessExit } from "../../dist/stack/node-process.js";
import { type ServiceProcess, startServiceProcess } from "../../dist/stack/service-process.js";
import { testGuardian } from "./database-for-tests.js";

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
