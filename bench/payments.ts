/**
 * Payments through the whole house: starts it as `npm start` does, sends unary `Pay` calls with a fixed number in
 * flight, each answered when its payment is final, and accounts for the CPU and memory of every process.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { credentials, Metadata } from "@grpc/grpc-js";
import { PaymentServiceClient } from "@quittance/services/dist/gen/quittance/payments/v1/payments.js";
import { telemetryOf } from "./payments-telemetry.js";
import { type ProcessUse, processTree, readProcessUse } from "./process-use.js";

const START_TIMEOUT_MS = 120_000;
const TEST_CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };

interface RunFile {
  readonly grpc: string | number;
  readonly token: string;
  readonly services: readonly { readonly name: string; readonly pid: number }[];
}

const HELP = `npm run bench -- payments [options]
  --broker embedded|artemis   [embedded]
  --payments <n>              counted payments [10000]
  --warm-up <n>               payments before them [2000]
  --in-flight <n>             calls at once [200]
  --telemetry off|metrics|traces
                              off: none; metrics: what a service always has; traces: the same, and one trace of 100
                              over OTLP to a receiver in this process [metrics]
`;

/** Runs the bench; the result says rate, latencies, and microseconds of CPU a payment by process. */
export async function benchPayments(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: "string", default: "embedded" },
      payments: { type: "string", default: "10000" },
      "warm-up": { type: "string", default: "2000" },
      "in-flight": { type: "string", default: "200" },
      telemetry: { type: "string", default: "metrics" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return {};
  }
  const payments = Number(values.payments);
  const inFlight = Number(values["in-flight"]);
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-"));
  const telemetry = await telemetryOf(values.telemetry);
  Object.assign(process.env, telemetry.environment);
  const house = await startHouse(values.broker, folder);
  const client = new PaymentServiceClient(house.grpc, credentials.createInsecure());
  try {
    const rest = await house.use();
    const pay = payer(client, house.run.token);
    await payMany(pay, Number(values["warm-up"]), inFlight, "w");
    const before = await house.use();
    const began = performance.now();
    const latencies = await payMany(pay, payments, inFlight, "b");
    const seconds = (performance.now() - began) / 1_000;
    const after = await house.use();
    return {
      broker: values.broker,
      telemetry: values.telemetry,
      spansReceived: telemetry.spanExports(),
      payments,
      inFlight,
      startToPaymentMs: Math.round(house.startMs),
      paymentsPerSecond: Math.round(payments / seconds),
      latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), max: quantile(latencies, 1) },
      processes: Object.fromEntries(
        Object.entries(after).map(([name, use]) => [
          name,
          {
            cpuMicrosecondsPerPayment: Math.round(
              (use.cpuMicroseconds - (before[name]?.cpuMicroseconds ?? 0)) / payments,
            ),
            rssAtRestMegabytes: rest[name]?.rssMegabytes ?? 0,
            rssAfterMegabytes: use.rssMegabytes,
          },
        ]),
      ),
    };
  } finally {
    client.close();
    await house.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startHouse(broker: string, folder: string) {
  const main = fileURLToPath(import.meta.resolve("@quittance/services/dist/stack/main.js"));
  const began = performance.now();
  const child = spawn(process.execPath, [main, "--broker", broker, "--grpc-port", "0", "--http-port", "0", "--quiet"], {
    env: { ...process.env, QUITTANCE_FOLDER: folder, LOG_LEVEL: process.env.LOG_LEVEL ?? "info" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (const bound = Date.now() + START_TIMEOUT_MS; ; ) {
    const run = await readFile(join(folder, "run.json"), "utf8").then(
      (text) => JSON.parse(text) as RunFile,
      () => undefined,
    );
    if (run !== undefined) {
      const grpc = String(run.grpc).replace(/^(\d+)$/, "127.0.0.1:$1");
      const known = new Map(run.services.map((service) => [service.pid, service.name]));
      return {
        run,
        grpc,
        startMs: performance.now() - began,
        use: () => useOf(child.pid as number, known),
        stop: async () => {
          child.kill("SIGTERM");
          await ended;
        },
      };
    }
    if (child.exitCode !== null || Date.now() > bound) throw new Error("the house did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes beside the services, by what they run; those of one kind are added up. */
function nameOf(command: string): string {
  if (command.includes("postgres")) return "postgresql";
  if (command.includes("java")) return "artemis";
  if (command.includes("embedded-broker")) return "embedded-broker";
  return "launcher";
}

/** What every process of the house below `root` has used, by name; `known` names those of the services. */
export async function useOf(root: number, known: ReadonlyMap<number, string>): Promise<Record<string, ProcessUse>> {
  const sums: Record<string, ProcessUse> = {};
  for (const { pid, command } of await processTree(root)) {
    const name = known.get(pid) ?? nameOf(command);
    const use = await readProcessUse(pid);
    const sum = sums[name];
    sums[name] = {
      cpuMicroseconds: (sum?.cpuMicroseconds ?? 0) + use.cpuMicroseconds,
      rssMegabytes: (sum?.rssMegabytes ?? 0) + use.rssMegabytes,
    };
  }
  return sums;
}

type Pay = (requestId: string) => Promise<void>;

function payer(client: PaymentServiceClient, token: string): Pay {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return (requestId) =>
    new Promise((resolve, reject) => {
      const request = {
        requestId,
        card: TEST_CARD,
        amount: { currencyCode: "EUR", minorUnits: 1n },
        description: "bench",
        wait: { seconds: 30n, nanos: 0 },
      };
      client.pay(request, metadata, (error, response) => {
        if (error) return reject(error);
        const state = response.payment?.state;
        return String(state) === "PAYMENT_STATE_SUCCEEDED" || Number(state) === 2
          ? resolve()
          : reject(new Error(`a payment ended ${state}`));
      });
    });
}

/** Makes `count` payments with `inFlight` at once; resolves with each one's milliseconds. */
async function payMany(pay: Pay, count: number, inFlight: number, prefix: string): Promise<Float64Array> {
  const latencies = new Float64Array(count);
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(inFlight, count) }, async () => {
      while (next < count) {
        const index = next++;
        const began = performance.now();
        await pay(`${prefix}-${index}`);
        latencies[index] = performance.now() - began;
      }
    }),
  );
  return latencies.sort();
}

export function quantile(sorted: Float64Array, part: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return Math.round(value * 10) / 10;
}
