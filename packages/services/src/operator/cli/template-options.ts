/** What the verbs of `templates` share: their options, the database, and how a refusal is told. */
import { readFile } from "node:fs/promises";
import type pg from "pg";
import { ManagementError } from "../../shared/management-error.js";
import { type CommandCall, type ExitCode, requiredOption, textOption, UsageError } from "./command.js";
import { onOperatorDatabase } from "./operator-database.js";

/** Runs `work` on the operator's database. @throws UsageError for what is refused of a template. */
export async function onTemplates(
  call: CommandCall,
  work: (client: pg.Client) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await onOperatorDatabase(call.configuration, work);
  } catch (error) {
    if (error instanceof ManagementError) throw new UsageError(sentencesOf(error));
    throw error;
  }
}

/** The version that is named; undefined when none is. @throws UsageError */
export function versionOption(call: CommandCall): number | undefined {
  const version = textOption(call, "version");
  if (version === undefined) return undefined;
  // The largest number that a column of versions holds.
  if (/^[1-9][0-9]{0,9}$/.test(version) && Number(version) <= 2_147_483_647) return Number(version);
  throw new UsageError(`--version is "${version}": it must be a whole number from 1.`);
}

/** All that names a version. @throws UsageError for what is missing. */
export function requiredVersion(call: CommandCall): { name: string; language: string; version: number } {
  const key = requiredTemplate(call);
  requiredOption(call, "version");
  return { ...key, version: versionOption(call) ?? 0 };
}

/** All that names a template. @throws UsageError for what is missing. */
export function requiredTemplate(call: CommandCall): { name: string; language: string } {
  return { name: requiredOption(call, "name"), language: requiredOption(call, "language") };
}

/** The texts that the options give. @throws UsageError for a text that is missing, or a file that cannot be read. */
export async function textsOf(call: CommandCall): Promise<{ subject: string; body: string; htmlBody: string }> {
  const htmlFile = textOption(call, "html-file");
  return {
    subject: requiredOption(call, "subject"),
    body: await readText(requiredOption(call, "body-file")),
    htmlBody: htmlFile === undefined ? "" : await readText(htmlFile),
  };
}

export function identityOf(one: { name: string; language: string; version: number }): [string, string, string] {
  return [one.name, one.language, String(one.version)];
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function sentencesOf({ reason, message, violations }: ManagementError): string {
  if (reason === "INVALID_FIELDS") {
    return violations.map(({ field, description }) => `--${field.replaceAll("_", "-")} ${description}.`).join(" ");
  }
  return [message, ...violations.map(({ field, description }) => `${field}: ${description}`)].join(" ");
}
