/** Linters that nobody here wrote, run over what an overlay renders to; what they find is either fixed or listed. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "./commands.mjs";
import { EXCEPTIONS } from "./lint-exceptions.mjs";

/** Grades of kube-score: 10 is fine, less is a finding. */
const FINE = 10;

/**
 * @param file the rendered manifests
 * @returns findings that no exception covers, as sentences, and how many were covered by each
 */
export async function lint({ bin, folder, file, schemas }) {
  const findings = [
    ...(await kubeScore(bin, file)),
    ...(await kubeconform(bin, file, schemas)),
    ...(await checkov(bin, ["--framework", "kubernetes", "--file", file])),
  ];
  return sift(findings, folder);
}

/** The Containerfile, as checkov reads it. */
export async function lintContainerfile({ bin, folder, root }) {
  // It knows a file of this kind by its name.
  const copy = join(folder, "Dockerfile");
  await writeFile(copy, await readFile(join(root, "deploy/container/Containerfile")));
  return sift(await checkov(bin, ["--framework", "dockerfile", "--file", copy]), folder);
}

async function kubeScore(bin, file) {
  const { stdout, stderr } = await attempt(join(bin, "kube-score"), [
    "score",
    "--output-format=json",
    "--kubernetes-version=v1.34",
    file,
  ]);
  if (!stdout.startsWith("[")) throw new Error(`kube-score said: ${stderr || stdout}`);
  return JSON.parse(stdout).flatMap(({ object_meta: { name }, type_meta: { kind }, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < FINE)
      .map(({ check, comments }) => ({
        tool: "kube-score",
        check: check.id,
        object: `${kind}/${name}`,
        says: (comments ?? []).map(({ path, summary }) => `${path} ${summary}`.trim()).join("; "),
      })),
  );
}

async function checkov(bin, args) {
  const { stdout, stderr } = await attempt(join(bin, "checkov"), [
    ...args,
    "--output=json",
    "--compact",
    "--quiet",
    "--skip-download",
  ]);
  if (stdout.trim() === "") throw new Error(`checkov said nothing: ${stderr.slice(-1_000)}`);
  const reports = [JSON.parse(stdout)].flat();
  const parsed = reports.reduce((sum, { summary }) => sum + (summary?.passed ?? 0) + (summary?.failed ?? 0), 0);
  if (parsed === 0) throw new Error(`checkov checked nothing: ${stdout.slice(0, 500)}`);
  return reports.flatMap(({ results }) =>
    (results?.failed_checks ?? []).map(({ check_id: check, check_name: says, resource }) => ({
      tool: "checkov",
      check,
      object: resource.split(".").slice(0, 3).join("."),
      says,
    })),
  );
}

async function kubeconform(bin, file, schemas) {
  const { stdout, stderr } = await attempt(join(bin, "kubeconform"), [
    "-strict",
    "-output=json",
    "-summary",
    `-schema-location=${schemas}/{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json`,
    file,
  ]);
  if (!stdout.startsWith("{")) throw new Error(`kubeconform said: ${stderr || stdout}`);
  const { resources = [], summary } = JSON.parse(stdout);
  if (!(summary.valid > 0)) throw new Error(`kubeconform checked nothing: ${stdout.slice(0, 500)}`);
  return resources.map(({ kind, name, status, msg }) => ({
    tool: "kubeconform",
    check: status,
    object: `${kind}/${name}`,
    says: msg,
  }));
}

/** Rules of alerts, as Prometheus itself reads them. @returns its complaint, or undefined. */
export async function promtool({ folder, groups }) {
  const file = join(folder, "alerts.json");
  await writeFile(file, JSON.stringify({ groups }));
  const { code, stdout, stderr } = await attempt("promtool", ["check", "rules", file]);
  return code === 0 ? undefined : `${stdout}${stderr}`.slice(-2_000);
}

function sift(findings) {
  const open = [];
  const used = new Map();
  for (const { tool, check, object, says } of findings) {
    const exception = EXCEPTIONS.find(
      (one) => one.tool === tool && one.check === check && (one.object === undefined || one.object.test(object)),
    );
    if (exception === undefined) open.push(`${tool} ${check} on ${object}: ${says}`);
    else used.set(exception, (used.get(exception) ?? 0) + 1);
  }
  return { open, used };
}

/**
 * Schemas of every kind that the API server serves, made from its own OpenAPI document, for kubeconform.
 * @returns the folder, and how many kinds there are
 */
export async function writeSchemas({ kubectl, folder }) {
  const place = join(folder, "schemas");
  await mkdir(place, { recursive: true });
  const { definitions } = JSON.parse(await kubectl(["get", "--raw=/openapi/v2"]));
  const all = Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, strict(schema)]));
  let kinds = 0;
  for (const [name, schema] of Object.entries(definitions)) {
    for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
      // kubeconform takes the version of the core group for its name.
      const file = `${group === "" ? version : group}-${version}-${kind.toLowerCase()}.json`;
      await writeFile(join(place, file), JSON.stringify({ ...all[name], definitions: neededBy(all, name) }));
      kinds += 1;
    }
  }
  return { place, kinds };
}

/** The definitions that one of them refers to, by whatever way. */
function neededBy(all, name) {
  const found = new Map();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [, reference] of JSON.stringify(all[next]).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      if (found.has(reference)) continue;
      found.set(reference, all[reference]);
      waiting.push(reference);
    }
  }
  return Object.fromEntries(found);
}

/** A schema that refuses fields it does not name, as JSON Schema says what OpenAPI 2 says in words of its own. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== "object") return schema;
  if (schema["x-kubernetes-int-or-string"] || schema.format === "int-or-string") {
    return { oneOf: [{ type: "string" }, { type: "integer" }] };
  }
  // Quantities may be written as numbers.
  if (schema.type === "string" && /^Quantity is a fixed-point/.test(schema.description ?? "")) {
    return { oneOf: [{ type: "string" }, { type: "number" }] };
  }
  const { format: _, ...rest } = schema;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, strict(value)]));
  const open = schema.additionalProperties !== undefined || schema["x-kubernetes-preserve-unknown-fields"] === true;
  return schema.properties !== undefined && !open ? { ...inner, additionalProperties: false } : inner;
}

/** Versions of the linters, as install-tools.sh notes what it built. */
export async function linterVersions({ bin }) {
  const tools = ["kube-score", "kubeconform", "checkov"];
  const versions = await Promise.all(tools.map((tool) => readFile(join(bin, `.${tool}-version`), "utf8")));
  return tools.map((tool, place) => `${tool} ${versions[place]}`).join(", ");
}
