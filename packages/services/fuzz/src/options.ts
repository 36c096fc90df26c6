/** What `npm run fuzz` takes. */
import { parseArgs } from "node:util";

export interface FuzzOptions {
  /** Decides every request, but not which of them are under way at once. */
  readonly seed: number;
  readonly requests: number;
  /** The place of the only request to make, counted from 1; undefined for all. */
  readonly only: number | undefined;
}

export class OptionsError extends Error {
  override readonly name = "OptionsError";
}

const DEFAULT_REQUESTS = 2_000;
const MAXIMUM_REQUESTS = 10_000_000;
const MAXIMUM_SEED = 2 ** 31;

export const HELP = `Sends requests that are nearly right to both doors of a running system, and checks every answer.

  npm run fuzz -- [options]

  --seed <n>        Decides the requests [1].
  --requests <n>    How many [${DEFAULT_REQUESTS}].
  --only <n>        Makes only the request of this place, counted from 1.
  --help            This text.

A request is a valid one with one to four changes: of fields, of bytes, of headers, paths and queries. It fails when it
is answered with a 5xx or INTERNAL, in another form than is documented, with a reason that is not, too late, at too great
length, or with a card number or token of its own in it; when a service writes a card number to its log; or when a client
that makes good payments meanwhile has to wait or is refused. The first failing request is made smaller and shown. Exit
codes: 0 all held, 1 something failed, 2 called wrongly. See docs/reliability.md.
`;

/** @returns "help" when it was asked for. @throws OptionsError */
export function parseOptions(args: readonly string[]): FuzzOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const requests = wholeNumber("--requests", values.requests, MAXIMUM_REQUESTS) ?? DEFAULT_REQUESTS;
  return {
    seed: wholeNumber("--seed", values.seed, MAXIMUM_SEED) ?? 1,
    requests,
    only: wholeNumber("--only", values.only, MAXIMUM_REQUESTS),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        seed: { type: "string" },
        requests: { type: "string" },
        only: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string | undefined, maximum: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && value >= 1 && value <= maximum) return value;
  throw new OptionsError(`${option} is "${text}": it must be a whole number from 1 to ${maximum}.`);
}
