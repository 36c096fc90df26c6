/** The program of the image: its first argument chooses which service runs, or what an operator runs once. */

const PROGRAMS: Readonly<Record<string, { readonly summary: string; readonly run: () => Promise<unknown> }>> = {
  gateway: { summary: "the API: gRPC and HTTP (step 1)", run: () => import("./gateway/main.js") },
  "card-validation": { summary: "checks cards (step 2)", run: () => import("./card-validation/main.js") },
  "client-bank": { summary: "debits clients (steps 3, 5b, R3)", run: () => import("./client-bank/main.js") },
  "merchant-bank": { summary: "credits merchants (steps 4, R2)", run: () => import("./merchant-bank/main.js") },
  notification: { summary: "notifies (steps 5a, R4)", run: () => import("./notification/main.js") },
  migrate: {
    summary: "brings the database up to this release, and ends",
    run: () => import("./operator/migrate-main.js"),
  },
  operator: {
    summary: "runs a command of the operator's: see operator --help",
    run: () => import("./operator/cli/main.js"),
  },
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
  await program.run();
} else if (name === "--help" || name === "help") {
  process.stdout.write(HELP);
} else {
  process.stderr.write(name === undefined ? HELP : `There is no program "${name}".\n\n${HELP}`);
  process.exitCode = 2;
}
