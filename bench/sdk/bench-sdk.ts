/** The SDK, plain rhea and rhea-promise on the same broker in the same run: rates, the client's CPU, and how the SDK compares. */
import { parseArgs } from "node:util";
import { ADDRESSES, startBenchBroker } from "./bench-broker.js";
import type { Contender } from "./contender.js";
import { benchMemory } from "./memory.js";
import { benchUnheardTelemetry } from "./unheard-telemetry.js";
import { rheaContender } from "./with-rhea.js";
import { rheaPromiseContender } from "./with-rhea-promise.js";
import { sdkContender } from "./with-sdk.js";

const HELP = `npm run bench:sdk -- [options]
  --broker embedded|artemis|classic  [embedded]
  --messages <n>              messages of 1 KiB in each measurement [10000]
  --rounds <n>                counted rounds, after one that warms up [5]
  --memory <n>                instead: n messages sent and received by the SDK, and what memory they take
  --telemetry                 instead: what telemetry that nobody hears allocates for a message
`;

type CaseName = "send" | "receive" | "request" | "process";

interface Measured {
  readonly messagesPerSecond: number;
  readonly cpuMicroseconds: number;
}

/** Runs the bench; a ratio above 1 says that the SDK is faster than another, or takes less CPU. */
export async function benchSdk(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: "string", default: "embedded" },
      messages: { type: "string", default: "10000" },
      rounds: { type: "string", default: "5" },
      memory: { type: "string" },
      telemetry: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return {};
  }
  if (values.telemetry) return benchUnheardTelemetry();
  await using broker = await startBenchBroker(values.broker);
  await using sdk = await sdkContender(broker);
  if (values.memory !== undefined) {
    return { broker: values.broker, ...(await benchMemory(broker, Number(values.memory))) };
  }
  await using rhea = await rheaContender(broker);
  await using rheaPromise = await rheaPromiseContender(broker);
  const contenders = [sdk, rhea, rheaPromise];
  const count = Number(values.messages);
  const rounds: Record<CaseName, Measured>[][] = [];
  for (let round = 0; round <= Number(values.rounds); round++) {
    const measured: Record<CaseName, Measured>[] = [];
    // The one that goes first takes turns, so that what a broker does late is charged to none.
    for (let turn = 0; turn < contenders.length; turn++) {
      const at = (round + turn) % contenders.length;
      measured[at] = await measureAll(contenders[at] as Contender, count);
    }
    if (round > 0) rounds.push(measured);
  }
  const cases: readonly CaseName[] = ["send", "receive", "request", "process"];
  const results = Object.fromEntries(cases.map((name) => [name, summary(rounds, name)]));
  return { broker: values.broker, messages: count, rounds: rounds.length, ...results };
}

/** All cases once; what a case leaves in a queue is what the next one takes. */
async function measureAll(contender: Contender, count: number): Promise<Record<CaseName, Measured>> {
  const send = await measure(count, () => contender.send(ADDRESSES.from, count));
  const process = await measure(count, () => contender.process(ADDRESSES.from, ADDRESSES.to, count));
  const receive = await measure(count, () => contender.receive(ADDRESSES.to, count));
  const requests = Math.ceil(count / 2);
  const request = await measure(requests, () => contender.request(ADDRESSES.requests, requests));
  return { send, process, receive, request };
}

async function measure(count: number, work: () => Promise<void>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { messagesPerSecond: count / seconds, cpuMicroseconds: (user + system) / count };
}

function summary(rounds: readonly Record<CaseName, Measured>[][], name: CaseName): object {
  const of = (index: number, field: keyof Measured) => rounds.map((round) => round[index]?.[name][field] ?? Number.NaN);
  const ratio = (index: number, field: keyof Measured) => {
    const others = of(index, field);
    return median(of(0, field).map((value, round) => value / (others[round] as number)));
  };
  const figures = (index: number) => ({
    messagesPerSecond: Math.round(median(of(index, "messagesPerSecond"))),
    cpuMicroseconds: tenth(median(of(index, "cpuMicroseconds"))),
  });
  const compared = (index: number) => ({
    ...figures(index),
    ratio: hundredth(ratio(index, "messagesPerSecond")),
    ratioByCpu: hundredth(1 / ratio(index, "cpuMicroseconds")),
  });
  return { sdk: figures(0), rhea: compared(1), rheaPromise: compared(2) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}
