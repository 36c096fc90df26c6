/** The options of the bench of payments. */
import { parseArgs } from "node:util";
import type { Door } from "./generator.js";
import { ALL_SCENARIOS, DEFAULT_SCENARIOS, parseScenarios, type Scenario } from "./scenarios.js";

const HELP = `npm run bench -- payments [options]
  --broker embedded|artemis   [embedded]
  --doors http,grpc           [http]
  --scenarios <list>          closedN: N callers who wait; openN: N calls a second, whose latency counts from when they
                              were due; pushN: N calls that do not wait, until all are final; outageN: the broker stands
                              still for N seconds; killed: it is killed and comes back (artemis). @hot-merchant or
                              @hot-client after a name: all to one merchant, or all from one card.
                              [${DEFAULT_SCENARIOS}]
                              all: ${ALL_SCENARIOS}
  --seconds <n>               of each closed or open scenario [10]
  --rounds <n>                of all scenarios in turn; figures are medians [1]
  --warm-up <n>               payments before the first [6000]
  --no-counts                 count no frames, statements and round trips, for which a second system is started
  --settle <seconds>          how long after all scenarios memory is looked at once more [0: it is not]
  --on-file <list>            payments that are on file, loaded by COPY; all scenarios are run for each number [0]
                              10000,10000000 takes hours and 15 GB
  --syscalls                  count the system calls of each process with strace, in one more run of each scenario
  --telemetry off|metrics|traces
                              off: none; metrics: what a service always has; traces: the same, and one trace of 100
                              over OTLP to a receiver in this process [metrics].
                              Several, as off,traces: a system of each runs, each scenario is measured on one after the
                              other, and the ratios of each round are printed; short rounds, and many of them, tell most
  --compare <file>            print ratios to an earlier run, whose output the file has
`;

export interface PaymentsOptions {
  readonly broker: "embedded" | "artemis";
  readonly doors: readonly Door[];
  readonly scenarios: readonly Scenario[];
  readonly seconds: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly counts: boolean;
  readonly systemCalls: boolean;
  readonly settleSeconds: number;
  /** One, or several that are measured side by side. */
  readonly telemetry: readonly string[];
  readonly compare: string | undefined;
  /** Numbers of payments on file, growing: every scenario runs with each. */
  readonly onFile: readonly number[];
}

/** Undefined when the help was asked for, which is printed. @throws RangeError, TypeError */
export function parsePaymentsOptions(args: readonly string[]): PaymentsOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      broker: { type: "string", default: "embedded" },
      doors: { type: "string", default: "http" },
      scenarios: { type: "string", default: DEFAULT_SCENARIOS },
      seconds: { type: "string", default: "10" },
      rounds: { type: "string", default: "1" },
      "warm-up": { type: "string", default: "6000" },
      counts: { type: "boolean", default: true },
      "on-file": { type: "string", default: "0" },
      syscalls: { type: "boolean", default: false },
      settle: { type: "string", default: "0" },
      telemetry: { type: "string", default: "metrics" },
      compare: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const scenarios = parseScenarios(values.scenarios);
  const broker = oneOf("--broker", values.broker, ["embedded", "artemis"] as const);
  if (broker === "embedded" && scenarios.some(({ load }) => load.kind === "killed")) {
    throw new RangeError("killed is for --broker artemis: the embedded broker keeps no messages when it dies.");
  }
  return {
    broker,
    doors: values.doors.split(",").map((door) => oneOf("--doors", door, ["http", "grpc"] as const)),
    scenarios,
    seconds: numberOf("--seconds", values.seconds, 1),
    rounds: numberOf("--rounds", values.rounds, 1),
    warmUp: numberOf("--warm-up", values["warm-up"], 0),
    counts: values.counts,
    systemCalls: values.syscalls,
    settleSeconds: numberOf("--settle", values.settle, 0),
    telemetry: values.telemetry.split(","),
    compare: values.compare,
    onFile: values["on-file"]
      .split(",")
      .map((count) => numberOf("--on-file", count, 0))
      .sort((a, b) => a - b),
  };
}

function oneOf<Word extends string>(option: string, value: string, words: readonly Word[]): Word {
  const word = words.find((each) => each === value);
  if (word === undefined) throw new RangeError(`${option} is "${value}": it must be ${words.join(" or ")}.`);
  return word;
}

function numberOf(option: string, value: string, minimum: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < minimum) {
    throw new RangeError(`${option} is "${value}": it must be a whole number, at least ${minimum}.`);
  }
  return number;
}
