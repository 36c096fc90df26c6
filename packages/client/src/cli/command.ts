/** What a command of the integrators' command line is. */
import type { ParseArgsConfig } from "node:util";
import type { QuittanceClient } from "../quittance-client.js";

/**
 * What a command ends with, as the operator's do: 0 when all is well, 1 when something was refused or declined, 2 when it
 * was called wrongly, 3 when it could not find out.
 */
export const EXIT = { ok: 0, wrong: 1, usage: 2, unavailable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Thrown when a command is called wrongly; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Where a command reads and writes. */
export interface Terminal {
  /** Results: text for people, or JSON. */
  out(text: string): void;
  /** Remarks and errors. */
  err(text: string): void;
  /** Whether results may have colours. */
  readonly colours: boolean;
  /** All of standard input, for card numbers, which must not be in an argument list. */
  readInput(): Promise<string>;
}

/** One call of a command. */
export interface CommandCall {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** Whether the answer shall be JSON, a line for each object. */
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  readonly client: QuittanceClient;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** For the line of usage, for example `<payment id>`. */
  readonly usage: string;
  /** Everything after the line of usage; the options that all commands have are added. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Whether it asks the service nothing, and so runs without knowing where it is. */
  readonly needsNoClient?: boolean;
  run(call: CommandCall): Promise<ExitCode>;
}

/** The text of an option; undefined when it is not given. */
export function textOption(call: CommandCall, name: string): string | undefined {
  const value = call.options[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The one argument of a command. @throws UsageError when there is none, or more. */
export function onlyPositional(call: CommandCall, what: string): string {
  const [only, ...more] = call.positionals;
  if (only !== undefined && more.length === 0) return only;
  throw new UsageError(
    only === undefined ? `${what} is missing.` : `There is one ${what} too many: ${more.join(" ")}.`,
  );
}

/** `--wait`: 0 to 30 seconds. @throws UsageError */
export function waitOption(call: CommandCall): number | undefined {
  const text = textOption(call, "wait");
  if (text === undefined) return undefined;
  if (/^\d{1,2}$/.test(text) && Number(text) <= 30) return Number(text);
  throw new UsageError(`--wait is "${text}": it must be 0 to 30 seconds.`);
}
