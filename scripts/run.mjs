#!/usr/bin/env node
/**
 * The one way in: installs if the lockfile changed, finds Node 24, and runs a task under it. Plain JavaScript without
 * dependencies, because it runs before anything is installed and on whatever Node (20 or later) the user has.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, PROGRAM_PROJECTS } from "./build.mjs";
import { runInForeground } from "./foreground.mjs";
import { ensureInstalled } from "./install.mjs";
import { findNode24 } from "./node24.mjs";
import { BIOME, ROOT } from "./paths.mjs";

const HELP = `Usage: npm start | npm test | npm run <task>, with the task's own arguments after --
       node scripts/run.mjs <task> [arguments]

  start      build, then run everything: broker, database, five services (see npm start -- --help)
  dev        build, run everything, and start again each service whose code you change (see npm run dev -- --help)
  test       build, check everything, run every test; arguments go to mocha, for example --grep "step 3".
             npm test -- path/to/one.test.ts compiles and runs that file, and checks nothing else
  build      compile what changed
  lint       check format, lint and the rules of the project
  format     write the format, and the fixes that are safe
  generate   write what is generated: the API's TypeScript, migrations (--name <what>), broker.xml, the queue table
  docs       build the documentation as a site, and follow its links (see npm run docs -- --help)
  chaos      build, then break a running system round after round (see npm run chaos -- --help)
  fuzz       build, then send requests that are nearly right to both doors of a system of its own (see --help)
  bench      build, then run the bench
  soak       build, then load the SDK for minutes through a proxy that breaks its lines (see npm run soak -- --help)
  simulate   build, then run schedules of the payment cycle on a simulated broker, database and clock (see --help)
  test:contract
             build, then call a system's HTTP door by the OpenAPI document that it serves (see npm run test:contract -- --help)
  test:console
             build, then drive every page of the console in Chromium (see npm run test:console -- --help)
  test:container
             build, then build the image and run the whole system in containers (see npm run test:container -- --help)
  test:upgrade
             build, then run the last release beside this one under load (see npm run test:upgrade -- --help)
  test:alerts
             build, then try the alerts and dashboards on a running stack (see npm run test:alerts -- --help)
  test:cluster
             build, then apply every overlay of deploy/k8s to a kube-apiserver (see npm run test:cluster -- --help)
  quittance  build, then run a command of the operator's, for example verify-money (see npm run quittance -- --help), or
             of an integrator's, for example pay (see npm run quittance -- pay --help)

Every task first installs the packages of package-lock.json that it needs, when they are not there or that file has changed:
start and quittance those of the programs, all others everything. It runs under the Node 24 that is one of them, or under
yours when that is a newer 24.`;

/** What each task runs under Node 24. Those in `afterBuild` need the compiled packages. */
const AFTER_BUILD = {
  start: ["--enable-source-maps", join(ROOT, "packages/services/dist/stack/main.js")],
  dev: [join(ROOT, "scripts/dev.mjs")],
  bench: ["--enable-source-maps", join(ROOT, "bench/dist/main.js")],
  chaos: ["--enable-source-maps", join(ROOT, "packages/services/chaos/dist/main.js")],
  fuzz: ["--enable-source-maps", join(ROOT, "packages/services/fuzz/dist/main.js")],
  simulate: ["--enable-source-maps", join(ROOT, "packages/services/simulation/dist/main.js")],
  soak: ["--enable-source-maps", join(ROOT, "packages/sdk/conformance/soak/main.mjs")],
  quittance: ["--enable-source-maps", join(ROOT, "packages/services/dist/operator/cli/main.js")],
  "test:contract": ["--enable-source-maps", join(ROOT, "packages/services/contract/main.mjs")],
  "test:alerts": [join(ROOT, "deploy/monitoring/test/main.mjs")],
  "test:console": [join(ROOT, "packages/console/test/main.mjs")],
  "test:container": [join(ROOT, "deploy/container/test/main.mjs")],
  "test:upgrade": [join(ROOT, "deploy/upgrade/test/main.mjs")],
  "test:cluster": [join(ROOT, "deploy/k8s/test/main.mjs")],
};
/** They need nothing that only tests, checks or generators need. */
const PROGRAMS = new Set(["start", "quittance", "docs"]);
const AT_ONCE = {
  test: [join(ROOT, "scripts/test.mjs")],
  docs: [join(ROOT, "scripts/docs.mjs")],
  generate: [join(ROOT, "scripts/generate.mjs")],
  lint: [BIOME, "check", "--error-on-warnings"],
  format: [BIOME, "check", "--write"],
};

/** The command line of integrators, who have the client and no checkout. */
const INTEGRATORS = ["--enable-source-maps", join(ROOT, "packages/client/bin/quittance.js")];

async function isIntegrators(command) {
  const { COMMANDS } = await import(pathToFileURL(join(ROOT, "packages/client/dist/cli/command-line.js")));
  return COMMANDS.some(({ name }) => name === command);
}

async function main([task, ...args]) {
  if (task === undefined || task === "--help" || task === "help") {
    console.log(HELP);
    return task === undefined ? 2 : 0;
  }
  let target = AFTER_BUILD[task] ?? AT_ONCE[task];
  if (target === undefined && task !== "build") {
    console.error(`There is no task "${task}".\n\n${HELP}`);
    return 2;
  }
  await ensureInstalled({ level: PROGRAMS.has(task) ? "programs" : "everything" });
  const node = findNode24();
  if (task === "build" || task in AFTER_BUILD) {
    const { ok, output } = await build(node, {
      announceAfterMs: 1_000,
      ...(PROGRAMS.has(task) && { projects: PROGRAM_PROJECTS }),
    });
    if (output !== "") console.error(output);
    if (!ok) console.error("The build failed, so nothing was started.");
    if (!ok || task === "build") return ok ? 0 : 1;
    if (task === "quittance" && (await isIntegrators(args[0]))) target = INTEGRATORS;
  }
  return runInForeground(node, [...target, ...args]);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
