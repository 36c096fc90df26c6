/**
 * `npm run test:cluster`: applies every overlay, alone and with each component, to a real kube-apiserver, and tries what
 * the manifests promise: no warning, pods that the restricted profile admits, accounts without rights, connections that
 * are the arrows and nothing else, linters that have nothing to say. Then it breaks the manifests in several ways, and
 * each time must notice.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCluster } from "./cluster.mjs";
import { run } from "./commands.mjs";
import { EXCEPTIONS } from "./lint-exceptions.mjs";
import { lintContainerfile, linterVersions, writeSchemas } from "./linters.mjs";
import { installOperatorSchemas } from "./operator-schemas.mjs";
import { tryFaults } from "./planted-faults.mjs";
import { tryVariant } from "./try-variant.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const K8S = join(ROOT, "deploy/k8s");

/** Every overlay by itself, and with the components that are for it: one by one, and all at once. */
const COMPONENTS = ["mtls", "tracing", "webhooks", "email"];
const VARIANTS = [
  { overlay: "local", components: [], lints: true },
  { overlay: "production", components: [], lints: true },
  ...COMPONENTS.map((component) => ({ overlay: "production", components: [component], lints: false })),
  { overlay: "production", components: COMPONENTS, lints: true },
];

if (process.argv.includes("--help")) {
  console.log(`Usage: npm run test:cluster [-- --only <overlay>] [--arkmq-schema <file>] [--no-lint]

Applies deploy/k8s to a kube-apiserver of its own. The first run builds it (about eight minutes of one core).
  --only <overlay>       local or production
  --arkmq-schema <file>  ArkMQ's own definition of Broker, instead of ours
  --no-lint              leaves the linters out`);
  process.exit(0);
}
const argument = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);

let passed = 0;
let failed = 0;
function check(sentence, isSo, otherwise = "") {
  if (isSo) passed += 1;
  else failed += 1;
  console.log(`${isSo ? "ok  " : "FAIL"} ${sentence}${isSo || otherwise === "" ? "" : `:\n       ${otherwise}`}`);
}
const progress = (sentence) => console.log(`     ${sentence}`);

const folder = await mkdtemp(join(tmpdir(), "quittance-cluster-"));
let cluster;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
    process.exit(130);
  });
}
try {
  progress("finding kube-apiserver, etcd and the linters: the first time they are built");
  const bin = join((await run(join(K8S, "test/install-tools.sh"), [])).trim(), "bin");
  const startedAt = Date.now();
  cluster = await startCluster({ bin, folder });
  progress(`kube-apiserver ready after ${Date.now() - startedAt} ms`);
  const schemas = await installOperatorSchemas({
    ...cluster,
    go: process.env.GO ?? "go",
    arkmqSchema: argument("--arkmq-schema"),
  });
  progress(`${schemas} kinds of operators installed`);
  await tryEverything(bin);
} catch (error) {
  check("the test ran to its end", false, error.stack ?? String(error));
} finally {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function tryEverything(bin) {
  const context = {
    cluster,
    bin,
    folder,
    k8s: K8S,
    root: ROOT,
    check,
    progress,
    lints: !process.argv.includes("--no-lint"),
  };
  const only = argument("--only");
  if (context.lints) {
    const { place, kinds } = await writeSchemas({ ...cluster, folder });
    context.schemas = place;
    progress(`${kinds} kinds in the API server's own OpenAPI, for ${await linterVersions({ bin })}`);
  }
  const used = new Set();
  for (const variant of VARIANTS.filter(({ overlay }) => only === undefined || overlay === only)) {
    for (const exception of await tryVariant(context, variant)) used.add(exception);
  }
  if (context.lints) {
    const { open, used: covered } = await lintContainerfile({ bin, folder, root: ROOT });
    check("checkov finds nothing in the Containerfile", open.length === 0, open.join("\n       "));
    for (const exception of covered.keys()) used.add(exception);
    if (only === undefined) {
      const idle = EXCEPTIONS.filter((exception) => !used.has(exception)).map(({ tool, check: id }) => `${tool} ${id}`);
      check(`each of the ${EXCEPTIONS.length} exceptions is still needed`, idle.length === 0, idle.join(", "));
    }
  }
  await tryFaults(context);
}
