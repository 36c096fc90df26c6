/** What `npm run chaos` takes. */
import { parseArgs } from "node:util";

export interface CampaignOptions {
  readonly rounds: number;
  /** That of the first round; each further round has the next. */
  readonly seed: number;
  readonly broker: "artemis" | "artemis-pair" | "embedded";
  /** Processes of each service. */
  readonly instances: number;
  /** Where the summary is written, as Markdown. */
  readonly summary: string | undefined;
}

export class OptionsError extends Error {
  override readonly name = "OptionsError";
}

const DEFAULT_ROUNDS = 20;
const DEFAULT_INSTANCES = 2;
const MAXIMUM_INSTANCES = 4;
const MAXIMUM_ROUNDS = 100_000;
const MAXIMUM_SEED = 2 ** 31;

export const HELP = `Breaks a running system on purpose, round after round, and checks that no money was lost, doubled or invented.

  npm run chaos -- [options]

  --rounds <n>      Rounds [${DEFAULT_ROUNDS}].
  --seed <s>        The seed of the first round; each further round has the next [1]. Round 37 of seed 1 is
                    repeated by --rounds 1 --seed 37.
  --broker <which>  artemis; artemis-pair: the one that serves is killed, the other takes over, and the pause is
                    measured; or embedded, which keeps its messages in memory and is therefore spared
                    [artemis].
  --instances <n>   Processes of each service, 1 to ${MAXIMUM_INSTANCES} [${DEFAULT_INSTANCES}].
  --summary <file>  Writes the summary as Markdown as well as showing it [.quittance/chaos/summary.md].
  --help            This text.

A seed decides what is asked for and what is broken when; what the machine makes of it is its own. Logs of the
processes are in .quittance/chaos/logs; one campaign at a time runs there, and QUITTANCE_FOLDER names another folder than
.quittance. Exit codes: 0 all rounds held, 1 a round failed, 2 called wrongly. See
docs/reliability.md.
`;

/** @returns "help" when it was asked for. @throws OptionsError */
export function parseOptions(args: readonly string[]): CampaignOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const broker = values.broker ?? "artemis";
  if (broker !== "artemis" && broker !== "artemis-pair" && broker !== "embedded") {
    throw new OptionsError(`--broker is "${broker}": it must be artemis, artemis-pair or embedded.`);
  }
  return {
    rounds: wholeNumber("--rounds", values.rounds, DEFAULT_ROUNDS, MAXIMUM_ROUNDS),
    seed: wholeNumber("--seed", values.seed, 1, MAXIMUM_SEED),
    broker,
    instances: wholeNumber("--instances", values.instances, DEFAULT_INSTANCES, MAXIMUM_INSTANCES),
    summary: values.summary,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        rounds: { type: "string" },
        seed: { type: "string" },
        broker: { type: "string" },
        instances: { type: "string" },
        summary: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string | undefined, otherwise: number, maximum: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && value >= 1 && value <= maximum) return value;
  throw new OptionsError(`${option} is "${text}": it must be a whole number from 1 to ${maximum}.`);
}
