/** `npm test`: builds, checks, and runs every test. Ends with one line that counts all of it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { DERIVED_ARTEFACTS, SOURCE_ARTEFACTS } from "./artefacts.mjs";
import { build } from "./build.mjs";
import { capture } from "./capture.mjs";
import { endWithParent } from "./end-with-parent.mjs";
import { differences } from "./generated.mjs";
import { runMocha } from "./mocha-stage.mjs";
import { BIOME, BUF, ROOT } from "./paths.mjs";
import { misnamed } from "./structure.mjs";

endWithParent();
const mochaArgs = process.argv.slice(2);
const total = { passed: 0, failed: 0 };

await stage("build", () => tool(build(process.execPath)));
await stage("format, lint, and who may import what", () => node(BIOME, "check", "--error-on-warnings"));
await stage("names of files and folders", async () => (await misnamed()).join("\n"));
await stage("the API's definition (buf lint)", () => node(BUF, "lint", join(ROOT, "proto")));
await breakingChanges();
for (const artefact of [...SOURCE_ARTEFACTS, ...DERIVED_ARTEFACTS]) {
  await stage(`generated as checked in: ${artefact.name}`, async () => {
    const paths = await differences(artefact);
    return paths.length === 0 ? "" : `Run npm run generate, and commit what it changes:\n${paths.join("\n")}`;
  });
}
await Promise.all([mocha("sdk", "packages/sdk/dist-test"), mocha("services", "packages/services/dist-test")]);

console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs one check, which resolves to what is wrong, or to nothing, and prints how it went and how long it took. */
async function stage(name, check) {
  const startedAt = performance.now();
  const problem = await Promise.resolve()
    .then(check)
    .catch((error) => (error instanceof Error ? error.message : String(error)) || "It failed without a word.");
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  total[problem ? "failed" : "passed"] += 1;
  console.log(`${problem ? "✘" : "✔"} ${name} (${seconds} s)`);
  if (problem) console.log(problem.replaceAll(/^/gm, "    "));
}

/** Runs all tests of one package; they are counted one by one, and what goes wrong around them as one more failure. */
async function mocha(label, folder) {
  const startedAt = performance.now();
  const { passed, failed, problem } = await runMocha(folder, { label, args: mochaArgs });
  const nothing = passed + failed === 0 && mochaArgs.length === 0 ? "there was no test to run." : undefined;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  total.passed += passed;
  total.failed += failed + (problem || nothing ? 1 : 0);
  console.log(
    `${problem || nothing || failed ? "✘" : "✔"} tests of ${label}: ${passed} passed, ${failed} failed (${seconds} s)`,
  );
  if (problem || nothing) console.log(`    ${problem ?? nothing}`);
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
  await stage(`breaking changes of the API since ${tag}`, () =>
    node(BUF, "breaking", join(ROOT, "proto"), "--against", `${join(ROOT, ".git")}#tag=${tag},subdir=proto`),
  );
}

function node(script, ...args) {
  return tool(capture(process.execPath, [script, ...args]));
}

async function tool(run) {
  const { ok, output } = await run;
  return ok ? "" : output || "It failed without a word.";
}
