/**
 * Puts together what the image holds of ours and of npm's packages, after `npm ci` and the compiler:
 *
 *   node deploy/container/assemble.mjs <folder>
 *
 * Node itself, the bundled programs and their data, the licence of each package, and the list of all components
 * (CycloneDX) at `<folder>/app/sbom.cdx.json`.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundlePrograms } from "./bundle.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The Node that package-lock.json pins, whatever runs this. */
const NODE_PACKAGE = `node_modules/node-linux-${process.arch}`;
const OUR_PACKAGES = ["packages/sdk", "packages/services"];
const LICENCE_FILES = /^(licen[cs]es?|copying|copyright|notice)\b/i;
/** Of a package without such a file: all that it says of its licence. */
const SAYS_ITS_LICENCE = /^(package\.json|readme\.md)$/i;
const OUTPUT_BYTES = 64 * 1024 * 1024;

const [, , to] = process.argv;
if (to === undefined) throw new Error("Say where: node deploy/container/assemble.mjs <folder>");
const app = join(to, "app");

await mkdir(join(to, "usr/local/bin"), { recursive: true });
await cp(join(ROOT, NODE_PACKAGE, "bin/node"), join(to, "usr/local/bin/node"));
const packages = [...(await bundlePrograms({ to: app })), NODE_PACKAGE];
await requireProduction(packages);
for (const path of packages) await copyLicence(path);
await cp(join(ROOT, "LICENSE"), join(app, "LICENSE"));
await writeComponentList([...packages, ...OUR_PACKAGES]);
console.log(`${packages.length} packages in ${app}`);

/** @throws Error when code got in that only development depends on. */
async function requireProduction(paths) {
  const lock = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const wrong = paths.filter((path) => lock.packages[path]?.dev !== undefined);
  if (wrong.length > 0) throw new Error(`Only development depends on ${wrong.join(", ")}, which the programs load.`);
}

/** `name@version` of the package in a folder, as npm lists it. */
async function idOf(path) {
  const { name, version } = JSON.parse(await readFile(join(ROOT, path, "package.json"), "utf8"));
  return `${name}@${version}`;
}

async function copyLicence(path) {
  const folder = join(ROOT, path);
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const named = files.filter((entry) => LICENCE_FILES.test(entry.name));
  const chosen = named.length > 0 ? named : files.filter((entry) => SAYS_ITS_LICENCE.test(entry.name));
  for (const file of chosen) await cp(join(folder, file.name), join(app, "licenses", await idOf(path), file.name));
}

/** What npm lists of the lockfile's packages, less those that are not in the image. */
async function writeComponentList(paths) {
  const args = ["sbom", "--package-lock-only", "--sbom-format=cyclonedx"];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT, maxBuffer: OUTPUT_BYTES });
  const bom = JSON.parse(stdout);
  const root = { ...bom.metadata.component, name: "quittance" };
  const inside = new Set(await Promise.all(paths.map(idOf)));
  // npm calls optional what production can do without, which is in here, and our own packages by their folders.
  const components = bom.components
    .map((component) => ({ ...component, scope: "required", name: component["bom-ref"].replace(/@[^@]*$/, "") }))
    .filter((component) => inside.has(component["bom-ref"]));
  if (components.length < inside.size) throw new Error("npm does not list every package that is in the image.");
  const dependencies = bom.dependencies
    .filter(({ ref }) => ref === root["bom-ref"] || inside.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => inside.has(one)) }));
  // A serial number and a time would differ at each build.
  const { serialNumber: _, ...list } = bom;
  const { timestamp: __, ...metadata } = bom.metadata;
  Object.assign(list, { metadata: { ...metadata, component: root, lifecycles: [{ phase: "build" }] } });
  Object.assign(list, { components, dependencies });
  await writeFile(join(app, "sbom.cdx.json"), `${JSON.stringify(list, null, 1)}\n`);
}
