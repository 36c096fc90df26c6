/** Runs the operator's command line in this process, with everything that it writes kept. */
import { runCommandLine } from "../../../dist/operator/cli/command-line.js";

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command with exactly this environment, and no stack beside it unless the environment names its folder. */
export async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input = "",
): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, {
    environment: { QUITTANCE_FOLDER: "/nonexistent", ...environment },
    root: "/nonexistent",
    terminal: {
      out: (text) => void out.push(text),
      drained: async () => undefined,
      err: (text) => void err.push(text),
      interactive: false,
      readInput: async () => input,
    },
  });
  return { code, out: out.join(""), err: err.join("") };
}
