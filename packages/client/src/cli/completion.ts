/** `completion`: scripts by which a shell completes commands and options. */
import type { Command } from "./command.js";
import { EXIT, onlyPositional, UsageError } from "./command.js";

const EVERYWHERE = ["json", "help"];

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = { bash, zsh, fish };

/** The command, which completes `commands` and itself. */
export function completionOf(commands: readonly Command[]): Command {
  const self: Command = {
    name: "completion",
    summary: "Prints a script that completes commands and options in a shell.",
    usage: "bash | zsh | fish",
    help: `  bash   eval "$(quittance completion bash)"
  zsh    eval "$(quittance completion zsh)"
  fish   quittance completion fish | source`,
    options: {},
    needsNoClient: true,
    async run(call) {
      const script = SCRIPTS[onlyPositional(call, "The shell")];
      if (script === undefined) throw new UsageError("The shell must be bash, zsh or fish.");
      call.terminal.out(script([...commands, self]));
      return EXIT.ok;
    },
  };
  return self;
}

function optionsOf({ options }: Command): string[] {
  return [...Object.keys(options), ...EVERYWHERE].map((name) => `--${name}`);
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name}) words="${optionsOf(command).join(" ")}" ;;`).join("\n");
  return `_quittance() {
  local words="${commands.map(({ name }) => name).join(" ")}"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _quittance quittance
`;
}

/** zsh takes bash's. */
function zsh(commands: readonly Command[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
}

function fish(commands: readonly Command[]): string {
  const names = commands.map(
    ({ name, summary }) => `complete -c quittance -n __fish_use_subcommand -f -a ${name} -d "${summary}"`,
  );
  const options = commands.flatMap((command) =>
    optionsOf(command).map(
      (option) => `complete -c quittance -n "__fish_seen_subcommand_from ${command.name}" -l ${option.slice(2)}`,
    ),
  );
  return `${[...names, ...options].join("\n")}\n`;
}
