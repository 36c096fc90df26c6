/** The operator's command line: finds the command, reads its options, runs it, and makes an exit code of what happens. */
import { parseArgs } from "node:util";
import { ConfigurationError } from "../../platform/configuration.js";
import { accounts } from "./accounts.js";
import { type Command, EXIT, type ExitCode, formatColumns, type Terminal, UsageError } from "./command.js";
import { consoleCommand } from "./console.js";
import { deadLetters } from "./dead-letters.js";
import { deadlines } from "./deadlines.js";
import { explain } from "./explain.js";
import { holds } from "./holds.js";
import { importClients } from "./import-clients.js";
import { keys } from "./keys.js";
import { configurationOf } from "./operator-configuration.js";
import { templates } from "./templates.js";
import { token } from "./token.js";
import { verifyMoney } from "./verify-money.js";

const COMMANDS: readonly Command[] = [
  verifyMoney,
  explain,
  deadLetters,
  deadlines,
  holds,
  accounts,
  importClients,
  templates,
  keys,
  token,
  consoleCommand,
];

const EVERYWHERE = `  --json   Answer in JSON on standard output. Amounts are whole minor units, as decimal text.
  --help   This text.

Exit codes: 0 all is well; 1 something is wrong; 2 called or configured wrongly; 3 could not find out, because
database or broker is away. The answer goes to standard output, progress and remarks to standard error.
`;

const HELP = `The operator's command line.

  npm run --silent quittance -- <command> [options]

${formatColumns(COMMANDS.map(({ name, summary }) => [name, summary]))}

${EVERYWHERE}
What acts as a merchant (pay, get, list, watch, refund, capture, cancel, listen, trigger) is the client's: see
npm run --silent quittance -- pay --help.

It reads DATABASE_URL (an operator who reads all schemas) and BROKER_URL (the broker's user operator) from the
environment. When neither is set, and npm start runs, it takes those of the stack. See docs/operating/command-line.md.
`;

/** Runs one command. Never throws: whatever goes wrong is told on `terminal`, and is the exit code. */
export async function runCommandLine(
  args: readonly string[],
  context: { readonly terminal: Terminal; readonly environment: NodeJS.ProcessEnv; readonly root: string },
): Promise<ExitCode> {
  const { terminal } = context;
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    (name === undefined ? terminal.err : terminal.out)(HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    terminal.err(`There is no command "${name}".\n\n${HELP}`);
    return EXIT.usage;
  }
  try {
    const { values, positionals } = parse(command, rest);
    if (values.help === true) {
      terminal.out(
        `${command.summary}\n\n  npm run --silent quittance -- ${command.name} ${command.usage}\n\n${command.help}\n${EVERYWHERE}`,
      );
      return EXIT.ok;
    }
    const remark = (sentence: string) => terminal.err(`${sentence}\n`);
    return await command.run({
      positionals,
      options: values,
      json: values.json === true,
      terminal,
      configuration: await configurationOf(context.environment, context.root, remark),
    });
  } catch (error) {
    terminal.err(`${command.name}: ${error instanceof Error ? describe(error) : String(error)}\n`);
    if (error instanceof UsageError) {
      terminal.err(`See npm run quittance -- ${command.name} --help.\n`);
      return EXIT.usage;
    }
    return error instanceof ConfigurationError || isMisconfigured(error) ? EXIT.usage : EXIT.unavailable;
  }
}

/**
 * A database that is there and refuses whoever asks (SQLSTATE class 28: role or password, 3D: no such database, 42: no
 * right, or not migrated) is not away: to try again later helps nobody.
 */
function isMisconfigured(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(28|3D|42)[0-9A-Z]{3}$/.test(code);
}

function parse(command: Command, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...command.options, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** An AggregateError, which a refused connection to several addresses is, has no message of its own. */
function describe(error: Error): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join("; ");
  }
  return error.message;
}
