/** The program of the image: its first argument chooses which service runs, or what an operator runs once. */

import { SERVICES, SYSTEM, stepNumbersOf } from "./topology/system-table.js";
import { TOOLS } from "./topology/tool-table.js";

interface Program {
  readonly summary: string;
  /** The compiled file that runs it, from here. */
  readonly module: string;
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  ...Object.fromEntries(
    SERVICES.map((service): [string, Program] => {
      const { program, summary } = SYSTEM[service];
      const steps = stepNumbersOf(service);
      return [
        program,
        {
          summary: `${summary} (step${steps.length > 1 ? "s" : ""} ${steps.join(", ")})`,
          module: `./${program}/main.js`,
        },
      ];
    }),
  ),
  ...Object.fromEntries(
    Object.entries(TOOLS).map(([name, { summary, module }]): [string, Program] => [
      name,
      { summary, module: `./${module}` },
    ]),
  ),
};

const HELP = `Usage: quittance <program> [arguments]

${Object.entries(PROGRAMS)
  .map(([name, { summary }]) => `  ${name.padEnd(16)} ${summary}`)
  .join("\n")}

A service reads its configuration from the environment; one that is missing or wrong ends it with a message that names
the variable. docs/operating/configuration.md has them all.
`;

const [name] = process.argv.splice(2, 1);
const program = name === undefined ? undefined : PROGRAMS[name];
if (program !== undefined) {
  await import(program.module);
} else if (name === "--help" || name === "help") {
  process.stdout.write(HELP);
} else {
  process.stderr.write(name === undefined ? HELP : `There is no program "${name}".\n\n${HELP}`);
  process.exitCode = 2;
}
