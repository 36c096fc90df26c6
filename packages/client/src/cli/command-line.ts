/** The integrators' command line: finds the command, reads its options, runs it, and makes an exit code of what happens. */
import { parseArgs } from "node:util";
import { QuittanceClient } from "../quittance-client.js";
import { QuittanceError } from "../quittance-error.js";
import { cancel, capture, refund } from "./change.js";
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from "./command.js";
import { completionOf } from "./completion.js";
import { failureText } from "./failure-text.js";
import { listen } from "./listen.js";
import { pay } from "./pay.js";
import { get, list, watch } from "./read.js";
import { type Settings, settingsOf } from "./settings.js";
import { trigger } from "./trigger.js";

/** In the order in which the help lists them. */
const ASKING: readonly Command[] = [pay, get, list, watch, refund, capture, cancel, listen, trigger];
export const COMMANDS: readonly Command[] = [...ASKING, completionOf(ASKING)];

/** Somebody waits: a service that is away is told after a second or two. */
const RETRIES = 3;

/** For a command that asks nothing. */
const NOWHERE: Settings = { url: "http://localhost", token: "" };

const EVERYWHERE = `  --json                 Answer in JSON, a line for each object. Amounts are whole minor units, as decimal text.
  --help                 This text.

Exit codes: 0 all is well; 1 declined or refused; 2 called wrongly; 3 could not find out, because the service cannot be
reached or is busy. The answer goes to standard output, remarks to standard error.
`;

const HELP = `Payments from the command line, as a merchant.

  quittance <command> [options]

${columns(COMMANDS.map(({ name, summary }) => [name, summary]))}

  --version              The version of the package.
${EVERYWHERE}
It reads QUITTANCE_URL, such as https://pay.example, and QUITTANCE_TOKEN, a merchant's token, or QUITTANCE_TOKEN_FILE.
When they are not set, and npm start runs, it takes those of the stack. NO_COLOR turns colours off.
`;

/** What surrounds a call of the command line. */
export interface CommandLineContext {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** The working folder, in which and above which a running stack is looked for. */
  readonly folder: string;
  readonly version: string;
  /** Makes the door's certificate believed, of a stack that has an authority of its own. */
  trust(authorityFile: string): Promise<void>;
}

/** Runs one command. Never throws: whatever goes wrong is told on the terminal, and is the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandLineContext): Promise<ExitCode> {
  const { terminal } = context;
  const [name, ...rest] = args;
  if (name === "--version") {
    terminal.out(`${context.version}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    (name === undefined ? terminal.err : terminal.out)(HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    terminal.err(`There is no command "${name}". See quittance --help.\n`);
    return EXIT.usage;
  }
  try {
    const { values, positionals } = parse(command, rest);
    if (values.help === true) {
      terminal.out(
        `${command.summary}\n\n  quittance ${command.name} ${command.usage}\n\n${command.help}\n${EVERYWHERE}`,
      );
      return EXIT.ok;
    }
    const { environment } = context;
    const settings = command.needsNoClient ? NOWHERE : await settingsOf(environment, context.folder);
    const client = await clientOf(settings, context);
    return await command.run({
      positionals,
      options: values,
      json: values.json === true,
      terminal,
      environment,
      client,
    });
  } catch (error) {
    return tell(command, error, terminal);
  }
}

async function clientOf({ url, token, authority }: Settings, { trust }: CommandLineContext): Promise<QuittanceClient> {
  if (authority !== undefined) await trust(authority);
  try {
    return new QuittanceClient({ url, token, maximumRetries: RETRIES });
  } catch {
    throw new UsageError(`QUITTANCE_URL is "${url}": it must be an address such as https://pay.example.`);
  }
}

function tell({ name }: Command, error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof QuittanceError) {
    const { text, exit } = failureText(error);
    terminal.err(`${name}: ${text}\n`);
    return exit;
  }
  terminal.err(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  if (!(error instanceof UsageError)) return EXIT.unavailable;
  terminal.err(`See quittance ${name} --help.\n`);
  return EXIT.usage;
}

function parse(command: Command, args: readonly string[]) {
  try {
    const options = { ...command.options, json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    return { values: values as Record<string, string | boolean | string[] | undefined>, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function columns(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, summary]) => `  ${name.padEnd(12)}${summary}`).join("\n");
}
