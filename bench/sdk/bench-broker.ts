/** The broker that the SDK's bench talks to. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BROKER_USERS, type BrokerUserName } from "@quittance/services/dist/shared/queue-map.js";
import { startArtemis } from "@quittance/services/dist/stack/artemis.js";

/** Queues of the house, which Artemis has; the operator may use them all. */
export const ADDRESSES = { from: "payment", to: "bank-result", requests: "payment-read" } as const;

const USER = "operator";
const PASSWORD = "bench";
const HEAP_MEGABYTES = 512;

export interface BenchBroker extends AsyncDisposable {
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** Starts the broker: `embedded` in a Node process, or a real `artemis` with its journal in a temporary folder. */
export async function startBenchBroker(kind: string): Promise<BenchBroker> {
  if (kind === "embedded") return startEmbedded();
  if (kind !== "artemis") throw new Error(`--broker takes embedded or artemis, not ${kind}.`);
  const directory = await mkdtemp(join(tmpdir(), "quittance-bench-"));
  const passwords = Object.fromEntries(BROKER_USERS.map((user) => [user, PASSWORD])) as Record<BrokerUserName, string>;
  const artemis = await startArtemis({ directory, passwords, heapMegabytes: HEAP_MEGABYTES });
  return {
    port: artemis.port,
    username: USER,
    password: PASSWORD,
    async [Symbol.asyncDispose]() {
      await artemis.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startEmbedded(): Promise<BenchBroker> {
  const child = fork(fileURLToPath(new URL("./embedded-broker-process.js", import.meta.url)), { execArgv: [] });
  const exited = once(child, "exit");
  const [port] = (await once(child, "message")) as [number];
  return {
    port,
    username: USER,
    password: PASSWORD,
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}
