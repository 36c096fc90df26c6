/**
 * `npm test`: builds, checks, and runs every test that needs no more than npm. `npm test -- --suite artemis` runs those
 * of the services that stand on a broker against a real Artemis instead, and those that need one. `npm test -- --suite
 * two-of-each` runs the payment flow with two processes of each service, and calls both gateways in turn. `npm test --
 * --suite conformance` runs the rules of JMS on each broker, the SDK beside clients in Java, Go and Python, and processors,
 * dead letters and transactions on Artemis. `--suite tls` runs some tests of the payment flow with TLS on every hop.
 * `npm test -- path/to/one.test.ts` compiles and runs that file (several files: one after the other), and checks nothing
 * else. Ends with one line that counts all of it; further arguments go to mocha.
 */
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { breakingChangesSince, lintApi } from "./api-input.mjs";
import { DERIVED_ARTEFACTS, SOURCE_ARTEFACTS } from "./artefacts.mjs";
import { build } from "./build.mjs";
import { capture } from "./capture.mjs";
import { endWithParent } from "./end-with-parent.mjs";
import { differences } from "./generated.mjs";
import { runMocha } from "./mocha-stage.mjs";
import { BIOME, ROOT } from "./paths.mjs";
import { idioms } from "./plain-words.mjs";
import { misnamed } from "./structure.mjs";
import { findTestFile } from "./test-file.mjs";

/** The suites beside what `npm test` runs by itself. */
const SUITES = ["artemis", "two-of-each", "tls", "conformance"];

endWithParent();
const { suite, files, mochaArgs } = await parseArguments(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(2);
});
const SDK_TESTS = "packages/sdk/dist-test";
const SERVICES_TESTS = "packages/services/dist-test";
/** The client, against a system of its own. */
const CLIENT_TESTS = "packages/client/dist-test";
/** The rules of JMS, on the embedded broker, on real ones, and beside clients in Java, Go and Python. */
const CONFORMANCE = "packages/sdk/conformance/dist";
/** The payment cycle on a simulated broker, database and clock: a process of its own, for it takes the clock away. */
const SIMULATION = "packages/services/simulation/dist";
/** What judges the rounds of the fault campaign, and its proxy. */
const CHAOS = "packages/services/chaos/dist";
/** What judges the answers to requests that are nearly right. */
const FUZZ = "packages/services/fuzz/dist";
/** Folders of tests that need a real Artemis, and Java with Maven. */
const NEEDS_ARTEMIS = [`${SERVICES_TESTS}/artemis`];
/** Folders of tests that run on the broker that QUITTANCE_TEST_BROKER names. */
const ON_ANY_BROKER = ["card-validation", "client-bank", "merchant-bank", "notification", "flow"].map(
  (folder) => `${SERVICES_TESTS}/${folder}`,
);
/** So does this one; those of the database's roles beside it need no broker. */
const BROKER_RIGHTS = `${SERVICES_TESTS}/rights/broker-rights.test.js`;
/** The payment flow, with TLS: payments, refunds, forged messages, replayed letters, and services that are killed. */
const WITH_TLS = ["whole-flow", "refunds", "ends", "forgery", "killed-services", "replayed-letters"].map(
  (test) => `${SERVICES_TESTS}/flow/${test}.test.js`,
);
/** The payment flow with two processes of each service: who waits, reads or is told at one while the other works. */
const TWO_OF_EACH = [
  "whole-flow",
  "refunds",
  "ends",
  "lookups",
  "moved-deadlines",
  "poison",
  "killed-services",
  "database-away",
  "two-instances",
].map((test) => `${SERVICES_TESTS}/flow/${test}.test.js`);
/** Tests of the SDK that do. */
const SDK_ON_ANY_BROKER = [
  "processor/redelivery",
  "processor/breaker",
  "processor/crash-journal",
  "dead-letters/dead-letters",
  "amqp/transaction",
].map((test) => `${SDK_TESTS}/${test}.test.js`);
/** Tests of what is around the flow of payments: run after the SDK's tests, while the services' others still run. */
const BESIDE_THE_FLOW = ["operator", "platform", "project", "rights", "shared", "stack", "topology"].map(
  (folder) => `${SERVICES_TESTS}/${folder}`,
);
const total = { passed: 0, failed: 0 };
/** What went wrong, told once more at the end: whoever has only the last lines of a long log knows which test to look at. */
const failures = [];

if (files.length === 0) await stage("build", () => tool(build(process.execPath)));
if (files.length > 0) {
  await runFiles();
} else if (suite === "artemis") {
  await mocha("artemis", [...NEEDS_ARTEMIS, ...ON_ANY_BROKER, BROKER_RIGHTS], {
    environment: { QUITTANCE_TEST_BROKER: "artemis" },
  });
} else if (suite === "two-of-each") {
  await mocha("two of each", TWO_OF_EACH, { environment: { QUITTANCE_TEST_INSTANCES: "2" } });
} else if (suite === "tls") {
  await mocha("tls", WITH_TLS, { environment: { QUITTANCE_TEST_TLS: "1" } });
} else if (suite === "conformance") {
  await mocha("conformance", [CONFORMANCE]);
  await mocha("sdk on Artemis", SDK_ON_ANY_BROKER, { environment: { QUITTANCE_TEST_BROKER: "artemis" } });
} else {
  await checks();
  await Promise.all([
    mocha("sdk", [SDK_TESTS, `${CONFORMANCE}/embedded`])
      .then(() => mocha("simulation", [SIMULATION]))
      .then(() => mocha("client", [CLIENT_TESTS]))
      .then(() => mocha("operation", BESIDE_THE_FLOW)),
    mocha("services", [SERVICES_TESTS, CHAOS, FUZZ], { except: [...NEEDS_ARTEMIS, ...BESIDE_THE_FLOW] }),
  ]);
}

for (const failure of failures) console.log(`\nfailed: ${failure}`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** What needs no test to be run. */
async function checks() {
  await stage("format, lint, and who may import what", () => node(BIOME, "check", "--error-on-warnings"));
  await stage("names of files and folders", async () => (await misnamed()).join("\n"));
  await stage("plain words", async () => (await idioms()).join("\n"));
  await stage("the API's definition (buf lint)", () => tool(lintApi()));
  await breakingChanges();
  for (const artefact of [...SOURCE_ARTEFACTS, ...DERIVED_ARTEFACTS]) {
    await stage(`generated as checked in: ${artefact.name}`, async () => {
      const paths = await differences(artefact);
      return paths.length === 0 ? "" : `Run npm run generate, and commit what it changes:\n${paths.join("\n")}`;
    });
  }
}

/** `--suite <name>`, paths of tests and `--file <path>` are ours, the rest is mocha's. */
async function parseArguments(args) {
  const at = args.indexOf("--suite");
  const name = at === -1 ? "default" : args[at + 1];
  if (at !== -1 && !SUITES.includes(name)) {
    throw new Error(`--suite takes the name of a suite, one of ${SUITES.join(", ")}; not ${name ?? "nothing"}.`);
  }
  const rest = at === -1 ? args : args.toSpliced(at, 2);
  const isFile = (arg, place) => arg.endsWith(".test.ts") || rest[place - 1] === "--file";
  const paths = rest.filter(isFile);
  return {
    suite: name,
    // npm runs scripts at the root wherever the user is: INIT_CWD is where that was.
    files: await Promise.all(paths.map((path) => findTestFile(path, process.env.INIT_CWD ?? process.cwd()))),
    mochaArgs: rest.filter((arg, place) => arg !== "--file" && !isFile(arg, place)),
  };
}

/** Compiles what some files of tests need, and runs them one after the other. */
async function runFiles() {
  for (const project of new Set(files.map((file) => file.project))) {
    await stage(`build of ${project}`, () => tool(build(process.execPath, { projects: [project] })));
  }
  if (total.failed > 0) return;
  for (const { source, compiled } of files) await mocha(basename(source, ".test.ts"), [compiled]);
}

/** Runs one check, which resolves to what is wrong, or to nothing, and prints how it went and how long it took. */
async function stage(name, check) {
  const startedAt = performance.now();
  const problem = await Promise.resolve()
    .then(check)
    .catch((error) => (error instanceof Error ? error.message : String(error)) || "It failed, and printed nothing.");
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  total[problem ? "failed" : "passed"] += 1;
  console.log(`${problem ? "✘" : "✔"} ${name} (${seconds} s)`);
  if (!problem) return;
  console.log(indented(problem));
  failures.push(`${name}\n${indented(problem)}`);
}

/** Runs all tests of some folders; they are counted one by one, and what goes wrong around them as one more failure. */
async function mocha(label, folders, options = {}) {
  const startedAt = performance.now();
  const {
    passed,
    failed,
    failures: failedTests,
    problem,
  } = await runMocha(folders, { ...options, label, args: mochaArgs });
  const nothing = passed + failed === 0 && mochaArgs.length === 0 ? "there was no test to run." : undefined;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  total.passed += passed;
  total.failed += failed + (problem || nothing ? 1 : 0);
  console.log(
    `${problem || nothing || failed ? "✘" : "✔"} tests of ${label}: ${passed} passed, ${failed} failed (${seconds} s)`,
  );
  for (const { title, story } of failedTests) failures.push(`${label}: ${title}\n${indented(story)}`);
  if (!problem && !nothing) return;
  console.log(`    ${problem ?? nothing}`);
  failures.push(`tests of ${label}\n${indented(problem ?? nothing)}`);
}

function indented(text) {
  return text.replaceAll(/^/gm, "    ");
}

/** Compares the API with the one that was released last, once there is a release. */
async function breakingChanges() {
  const tag = spawnSync("git", ["tag", "--list", "v*", "@quittance/*", "--sort=-creatordate"], {
    cwd: ROOT,
    encoding: "utf8",
  }).stdout?.split("\n")[0];
  if (!tag) {
    console.log("  breaking changes of the API: nothing was released yet, so there is nothing to compare with");
    return;
  }
  await stage(`breaking changes of the API since ${tag}`, () => tool(breakingChangesSince(tag)));
}

function node(script, ...args) {
  return tool(capture(process.execPath, [script, ...args]));
}

async function tool(run) {
  const { ok, output } = await run;
  return ok ? "" : output || "It failed, and printed nothing.";
}
