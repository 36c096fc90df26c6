/** What a command of the operator's command line is. */
import type { ParseArgsOptionsConfig } from "node:util";
import type { OperatorConfiguration } from "./operator-configuration.js";

/**
 * What a command ends with: 0 when all is well, 1 when it found something wrong, 2 when it was called or configured
 * wrongly, 3 when it could not find out (a database that is away).
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
  /** Resolves once a reader has taken what was written, or is gone. */
  drained(): Promise<void>;
  /** Progress, remarks and errors. */
  err(text: string): void;
  /** Whether `err` is a terminal, so that a line can be written over. */
  readonly interactive: boolean;
  /** All of standard input, for secrets that must not be in an argument list. */
  readInput(): Promise<string>;
}

/** One call of a command. */
export interface CommandCall {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Whether the answer shall be JSON. */
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly configuration: OperatorConfiguration;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Everything after the line of usage; the options that all commands have are added. */
  readonly help: string;
  /** For the line of usage, for example `<payment id>`. */
  readonly usage: string;
  readonly options: ParseArgsOptionsConfig;
  run(call: CommandCall): Promise<ExitCode>;
}

/** The text of an option, or undefined when it is not given. */
export function textOption(call: CommandCall, name: string): string | undefined {
  const value = call.options[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** @throws UsageError when the option is not given. */
export function requiredOption(call: CommandCall, name: string): string {
  const value = textOption(call, name);
  if (value === undefined) throw new UsageError(`--${name} is missing.`);
  return value;
}

/** A whole number within bounds. @throws UsageError */
export function numberOption(
  call: CommandCall,
  name: string,
  bounds: { readonly minimum: number; readonly maximum: number; readonly otherwise: number },
): number {
  const text = textOption(call, name);
  if (text === undefined) return bounds.otherwise;
  const value = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && value >= bounds.minimum && value <= bounds.maximum) return value;
  throw new UsageError(
    `--${name} is "${text}": it must be a whole number from ${bounds.minimum} to ${bounds.maximum}.`,
  );
}

/** JSON with amounts, which are bigint, as decimal text. @param indent spaces for each level [2]; 0 makes one line. */
export function toJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item), indent);
}

/** Columns that are as wide as their widest cell. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}
