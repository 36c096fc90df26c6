import { parseArgs } from "node:util";

export const HELP = `npm run soak -- [options]

Sends, receives, moves in transactions, asks, answers and processes at a steady pace, through a proxy that breaks, stalls,
delays and halves what passes. At the end nothing may be lost, nothing doubled that must not be, the heap must be flat,
and the process must end by itself.

  --minutes <n>               how long lines break [20]
  --rate <n>                  messages and requests begun each second [200]
  --seed <n>                  of all that is drawn [drawn itself, and told]
  --broker embedded|artemis   the broker in memory, or a real Artemis in a temporary folder [embedded]
`;

export type SoakBroker = "embedded" | "artemis";

export interface SoakOptions {
  readonly minutes: number;
  readonly rate: number;
  readonly seed: number;
  readonly broker: SoakBroker;
}

export class OptionsError extends Error {}

/** @throws OptionsError that names the option. */
export function parseOptions(args: readonly string[]): SoakOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const { broker } = values;
  if (broker !== "embedded" && broker !== "artemis") {
    throw new OptionsError(`--broker takes embedded or artemis, not ${broker}.`);
  }
  return {
    broker,
    minutes: positive("--minutes", values.minutes),
    rate: positive("--rate", values.rate),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : positive("--seed", values.seed),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string", default: "20" },
        rate: { type: "string", default: "200" },
        seed: { type: "string" },
        broker: { type: "string", default: "embedded" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function positive(name: string, value: string): number {
  const number = Number(value);
  if (!(number > 0) || number === Number.POSITIVE_INFINITY) {
    throw new OptionsError(`${name} takes a number above 0, not ${value}.`);
  }
  return number;
}
