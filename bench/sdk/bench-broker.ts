/** The broker that the SDK's bench talks to, where anybody may do anything. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startArtemisBroker } from "#conformance/harness/artemis-broker.js";
import { startClassicBroker } from "#conformance/harness/classic-broker.js";

/** Queues of the bench. */
export const ADDRESSES = { from: "bench-from", to: "bench-to", requests: "bench-requests" } as const;

export interface BenchBroker extends AsyncDisposable {
  readonly port: number;
}

/** Starts the broker: `embedded` in a Node process, or a real `artemis` or `classic` in a temporary folder. */
export async function startBenchBroker(kind: string): Promise<BenchBroker> {
  if (kind === "embedded") return startEmbedded();
  const start = { artemis: startArtemisBroker, classic: startClassicBroker }[kind];
  if (start === undefined) throw new Error(`--broker takes embedded, artemis or classic, not ${kind}.`);
  const broker = await start();
  return { port: Number(new URL(broker.url).port), [Symbol.asyncDispose]: () => broker.stop() };
}

async function startEmbedded(): Promise<BenchBroker> {
  const child = fork(fileURLToPath(new URL("./embedded-broker-process.js", import.meta.url)), { execArgv: [] });
  const exited = once(child, "exit");
  const [port] = (await once(child, "message")) as [number];
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}
