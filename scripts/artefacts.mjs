/**
 * Everything in the repository that is generated. `npm run generate` writes it; `npm test` makes it again in a temporary
 * folder and compares. An artefact is a file or a folder at `path`; its `produce(folder)` writes it at the same path
 * under `folder`, or throws with what the tool said.
 */
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { clearField, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { prepareApiInput } from "./api-input.mjs";
import { apiReport } from "./api-report.mjs";
import { budgetTable } from "./budget-table.mjs";
import { capture } from "./capture.mjs";
import { clientResources, clientTestCards } from "./client-resources.mjs";
import { consoleResources } from "./console-resources.mjs";
import { BUF, DRIZZLE_KIT, NODE_MODULES, ROOT } from "./paths.mjs";

const GEN = "packages/services/src/gen";
const OPENAPI = "proto/openapi.json";
const COLLECTION = "proto/quittance.postman_collection.json";
const CLIENT = "packages/client/src/gen";
const CONSOLE = "packages/console/src/gen";
const SERVICES = "packages/services/src";
const ARTEMIS = "deploy/artemis/broker.xml";
const MONITORING = "deploy/monitoring";
/** The public surfaces of what is published: by package, the file of each and the entry that it is made from. */
const API_REPORTS = {
  "packages/sdk": {
    "sdk.api.md": ["mod.d.ts", "@quittance/sdk"],
    "testing.api.md": ["testing/mod.d.ts", "@quittance/sdk/testing"],
  },
  "packages/client": { "client.api.md": ["mod.d.ts", "@quittance/client"] },
};
const KUBERNETES = "deploy/k8s";
/** Files of it that are made from the table of the system. */
const MANIFESTS = [
  "base/services.yaml",
  "base/network-policies.yaml",
  "overlays/production/broker.yaml",
  "overlays/production/certificates.yaml",
  "overlays/production/service-tls.yaml",
  "overlays/production/scaled-objects.yaml",
  "overlays/production/alerts.yaml",
];

/** Tables inside pages: what makes each, and the comments between which it stands. */
const QUEUE_TABLE = {
  page: "docs/payment-cycle.md",
  module: "operator/queue-map-table.js",
  make: "queueMapTable",
  marks: /(<!-- queue map: [^\n]*-->\n)[\s\S]*?(<!-- end of queue map -->)/,
};
const CARD_TABLE = {
  page: "README.md",
  module: "operator/test-card-table.js",
  make: "testCardTable",
  marks: /(<!-- test cards: [^\n]*-->\n)[\s\S]*?(<!-- end of test cards -->)/,
};
const SECRET_TABLE = {
  page: "docs/operating/configuration.md",
  module: "operator/secret-table.js",
  make: "secretTable",
  marks: /(<!-- secrets: [^\n]*-->\n)[\s\S]*?(<!-- end of secrets -->)/,
};
const BUDGET_TABLE = {
  page: "docs/performance.md",
  make: budgetTable,
  marks: /(<!-- budget: [^\n]*-->\n)[\s\S]*?(<!-- end of budget -->)/,
};

/** What the sources need before they can be compiled. */
export const SOURCE_ARTEFACTS = [
  { name: "the API's TypeScript and descriptors", path: GEN, produce: produceApi },
  ...servicesWithSchema().map((service) => ({
    name: `${service}'s migrations`,
    path: `${SERVICES}/${service}/migrations`,
    produce: (folder, options) => produceMigrations(service, folder, options),
  })),
];

/** What is made by compiled code. */
export const DERIVED_ARTEFACTS = [
  ...Object.keys(API_REPORTS).map((at) => ({
    name: `the list of public names of ${at}`,
    path: `${at}/etc`,
    produce: (folder) => produceApiReports(at, folder),
  })),
  { name: "the OpenAPI document", path: OPENAPI, produce: produceOpenApi },
  { name: "the collection of requests", path: COLLECTION, produce: produceCollection },
  { name: "the client's types", path: CLIENT, produce: produceClient },
  { name: "the console's types", path: CONSOLE, produce: produceConsole },
  {
    name: "Artemis's broker.xml",
    path: ARTEMIS,
    produce: produceBrokerXml,
  },
  {
    name: "Prometheus' rules",
    path: `${MONITORING}/rules.yaml`,
    produce: (folder) => produceRules("rules.yaml", "rulesYaml", folder),
  },
  {
    name: "the cases of Prometheus' rules",
    path: `${MONITORING}/rules.test.yaml`,
    produce: (folder) => produceRules("rules.test.yaml", "ruleCasesYaml", folder),
  },
  {
    name: "Grafana's dashboards",
    path: `${MONITORING}/dashboards`,
    produce: produceDashboards,
  },
  {
    name: "the table of the queue map",
    path: QUEUE_TABLE.page,
    produce: (folder) => produceTable(QUEUE_TABLE, folder),
  },
  { name: "the table of secrets", path: SECRET_TABLE.page, produce: (folder) => produceTable(SECRET_TABLE, folder) },
  { name: "the table of the budget", path: BUDGET_TABLE.page, produce: (folder) => produceTable(BUDGET_TABLE, folder) },
  { name: "the table of test cards", path: CARD_TABLE.page, produce: (folder) => produceTable(CARD_TABLE, folder) },
  ...MANIFESTS.map((file) => ({
    name: `Kubernetes: ${file}`,
    path: `${KUBERNETES}/${file}`,
    produce: (folder) => produceManifests(file, folder),
  })),
];

/** Services that keep state: the table of the system has the same, which a test compares. */
function servicesWithSchema() {
  return readdirSync(join(ROOT, SERVICES)).filter((folder) => existsSync(join(ROOT, SERVICES, folder, "schema.ts")));
}

async function produceApi(folder) {
  const input = await prepareApiInput(folder);
  const template = ["--template", join(input, "buf.gen.yaml"), "--output", join(folder, GEN)];
  await run(BUF, ["generate", input, "--exclude-path", join(input, "google/rpc/code.proto"), ...template]);

  const set = join(folder, "descriptor-set.binpb");
  await run(BUF, ["build", input, "--as-file-descriptor-set", "--output", set]);
  await writeFile(
    join(folder, GEN, "descriptor-set.ts"),
    descriptorSetModule(withoutGooglesComments(await readFile(set))),
  );
}

/** What Google says of its own files is half of all, and read by nobody here. */
function withoutGooglesComments(set) {
  const files = fromBinary(FileDescriptorSetSchema, set);
  for (const file of files.file)
    if (file.name.startsWith("google/")) clearField(file, FileDescriptorProtoSchema.field.sourceCodeInfo);
  return Buffer.from(toBinary(FileDescriptorSetSchema, files));
}

function descriptorSetModule(set) {
  const lines = set.toString("base64").match(/.{1,116}/g);
  return `// Generated by scripts/artefacts.mjs from proto. Do not edit.

/**
 * A \`google.protobuf.FileDescriptorSet\` in binary form: our API, \`google.rpc\`'s error details and all that they import,
 * with our comments and all options. For reflection, for protobuf's JSON mapping, and for the OpenAPI document.
 */
export const descriptorSet: Uint8Array = Buffer.from(
  \`
${lines.join("\n")}
\`,
  "base64",
);
`;
}

async function produceOpenApi(folder) {
  const { openApiText } = await compiled("gateway/openapi/openapi-document.js");
  await writeFile(join(folder, OPENAPI), openApiText());
}

async function produceCollection(folder) {
  const { postmanText } = await compiled("gateway/openapi/postman-collection.js");
  await writeFile(join(folder, COLLECTION), postmanText());
}

async function produceClient(folder) {
  const { openApiDocument } = await compiled("gateway/openapi/openapi-document.js");
  const { ERROR_TERMS } = await compiled("gateway/api-options.js");
  const { CURRENCY_CODES, minorUnitDigitsOf } = await compiled("shared/currencies.js");
  const errorCodes = new Map([...ERROR_TERMS].map(([reason, { code }]) => [reason, code]));
  const digits = new Map(CURRENCY_CODES.map((code) => [code, minorUnitDigitsOf(code)]));
  await mkdir(join(folder, CLIENT), { recursive: true });
  await writeFile(join(folder, CLIENT, "resources.ts"), clientResources(openApiDocument(), { errorCodes, digits }));
  const { TEST_CARDS } = await compiled("operator/demo-bank.js");
  await writeFile(join(folder, CLIENT, "test-cards.ts"), clientTestCards(TEST_CARDS));
}

async function produceConsole(folder) {
  const { openApiDocument } = await compiled("gateway/openapi/openapi-document.js");
  await mkdir(join(folder, CONSOLE), { recursive: true });
  await writeFile(join(folder, CONSOLE, "api.ts"), consoleResources(openApiDocument()));
}

async function produceApiReports(at, folder) {
  await mkdir(join(folder, at, "etc"), { recursive: true });
  for (const [file, [entry, name]] of Object.entries(API_REPORTS[at])) {
    await writeFile(join(folder, at, "etc", file), await apiReport(join(ROOT, at, "dist", entry), name));
  }
}

async function produceMigrations(service, folder, { migrationName } = {}) {
  const path = `${SERVICES}/${service}/migrations`;
  // drizzle-kit compares the schema with the last snapshot in the folder, and adds a migration when they differ.
  if (existsSync(join(ROOT, path))) await cp(join(ROOT, path), join(folder, path), { recursive: true });
  const name = migrationName === undefined ? [] : ["--name", migrationName];
  const schema = join(ROOT, SERVICES, service, "schema.ts");
  // drizzle-kit 0.31 takes an absolute output folder for a relative one, so it runs in `folder`.
  await run(DRIZZLE_KIT, ["generate", "--dialect", "postgresql", "--schema", schema, "--out", path, ...name], folder);
}

async function produceBrokerXml(folder) {
  const { artemisBrokerXml, DEPLOYED_ACCEPTOR } = await compiled("operator/broker-configuration.js");
  await writeFile(join(folder, ARTEMIS), artemisBrokerXml({ acceptor: DEPLOYED_ACCEPTOR }));
}

async function produceRules(file, make, folder) {
  const rules = await compiled("operator/monitoring/rules-files.js");
  await writeFile(join(folder, MONITORING, file), rules[make]());
}

async function produceDashboards(folder) {
  const { dashboards } = await compiled("operator/monitoring/dashboards.js");
  const path = join(folder, MONITORING, "dashboards");
  await mkdir(path, { recursive: true });
  for (const { name, json } of dashboards()) await writeFile(join(path, `${name}.json`), json);
}

async function produceManifests(file, folder) {
  const { clusterFiles } = await compiled("operator/kubernetes/cluster-manifests.js");
  const text = clusterFiles()[file];
  if (text === undefined) throw new Error(`Nothing makes ${file}.`);
  await writeFile(join(folder, KUBERNETES, file), text);
}

/** Writes the page again with its table between the two comments, and leaves the rest of it alone. */
async function produceTable({ page, module, make, marks }, folder) {
  const table = typeof make === "function" ? await make() : (await compiled(module))[make]();
  const text = await readFile(join(ROOT, page), "utf8");
  if (!marks.test(text)) throw new Error(`${page} has lost the two comments between which the table belongs.`);
  await writeFile(
    join(folder, page),
    text.replace(marks, (_all, begin, end) => `${begin}\n${table}\n\n${end}`),
  );
}

function compiled(module) {
  return import(pathToFileURL(join(ROOT, "packages/services/dist", module)));
}

async function run(script, args, cwd = ROOT) {
  // buf finds ts-proto's plugin on the path, and the plugin the right Node.
  const PATH = [dirname(process.execPath), join(NODE_MODULES, ".bin"), process.env.PATH].join(delimiter);
  const { ok, output } = await capture(process.execPath, [script, ...args], { cwd, env: { ...process.env, PATH } });
  if (!ok) throw new Error(output);
}
