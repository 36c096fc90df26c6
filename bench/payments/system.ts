/** A system under load: a process of its own that starts all others, as `npm start` does. */
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunFile } from "@quittance/services/dist/stack/run-file.js";
import { nameOf, type ProcessUse, processTree, useOf } from "../process-use.js";

const START_TIMEOUT_MS = 120_000;
const BROKERS = ["artemis", "embedded-broker"];

export interface System {
  readonly run: RunFile;
  readonly startMs: number;
  use(): Promise<Record<string, ProcessUse>>;
  /** Every process of it, those of PostgreSQL each. */
  processes(): Promise<readonly { readonly pid: number; readonly name: string }[]>;
  brokerPid(): Promise<number>;
  /** @throws Error with what the command says, when the books do not agree. */
  verifyMoney(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it with `broker`, its files in `folder`, and `settings` beside this process's environment. */
export async function startSystem(
  broker: string,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<System> {
  const services = fileURLToPath(import.meta.resolve("@quittance/services/dist/stack/main.js"));
  const began = performance.now();
  const environment = { ...process.env, ...settings, QUITTANCE_FOLDER: folder };
  const child = spawn(
    process.execPath,
    [services, "--broker", broker, "--grpc-port", "0", "--http-port", "0", "--quiet"],
    { env: { ...environment, LOG_LEVEL: process.env.LOG_LEVEL ?? "info" }, stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (const bound = Date.now() + START_TIMEOUT_MS; ; ) {
    const run = await readFile(join(folder, "run.json"), "utf8").then(
      (text) => JSON.parse(text) as RunFile,
      () => undefined,
    );
    if (run !== undefined) {
      const known = new Map<number, string>(run.services.map((service) => [service.pid, service.name]));
      const root = child.pid as number;
      return {
        run,
        startMs: performance.now() - began,
        use: () => useOf(root, known),
        processes: async () =>
          (await processTree(root)).map(({ pid, command }) => ({ pid, name: known.get(pid) ?? nameOf(command) })),
        brokerPid: async () => {
          const broker = (await processTree(root)).findLast(({ command }) => BROKERS.includes(nameOf(command)));
          if (broker === undefined) throw new Error("The system runs no broker of its own.");
          return broker.pid;
        },
        verifyMoney: () => verifyMoney(environment),
        stop: async () => {
          child.kill("SIGTERM");
          await ended;
        },
      };
    }
    if (child.exitCode !== null || Date.now() > bound) throw new Error("The system did not start.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function verifyMoney(environment: NodeJS.ProcessEnv): Promise<void> {
  const command = fileURLToPath(import.meta.resolve("@quittance/services/dist/operator/cli/main.js"));
  await promisify(execFile)(process.execPath, [command, "verify-money"], { env: environment }).catch(
    (error: { stdout?: string; stderr?: string }) => {
      throw new Error(`verify-money found:\n${error.stdout ?? ""}${error.stderr ?? ""}`);
    },
  );
}
