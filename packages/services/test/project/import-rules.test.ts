import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const BIOME = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
const run = promisify(execFile);

/** What the rules are read from. */
const CONFIGURATION = [
  "biome.json",
  "scripts/no-export-type-all.grit",
  "scripts/if-without-braces.grit",
  "scripts/conditional-spread.grit",
  "package.json",
  "packages/client/package.json",
  "packages/sdk/package.json",
  "packages/services/package.json",
];

interface Report {
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[];
}

describe("The rules of the project about imports", () => {
  let system: string;

  before(async () => {
    system = await mkdtemp(join(tmpdir(), "quittance-system-"));
    for (const file of CONFIGURATION) await cp(join(ROOT, file), join(system, file));
  });

  after(() => rm(system, { recursive: true, force: true }));

  /** Lints the files, given as path and source, in a system that has no others; gives `path: rule` for each finding. */
  async function findings(files: Readonly<Record<string, string>>): Promise<string[]> {
    for (const [path, source] of Object.entries(files)) {
      await mkdir(dirname(join(system, path)), { recursive: true });
      await writeFile(join(system, path), source);
    }
    try {
      const args = [BIOME, "lint", "--vcs-enabled=false", "--reporter=json", ...Object.keys(files)];
      // Biome ends with 1 when it finds something.
      const { stdout } = await run(process.execPath, args, { cwd: system }).catch((error: { stdout: string }) => error);
      const report = JSON.parse(stdout) as Report;
      return report.diagnostics.map(({ location, category }) => `${location.path}: ${category.split("/").at(-1)}`);
    } finally {
      for (const path of Object.keys(files)) await rm(join(system, path));
    }
  }

  const importing = (specifier: string) => `import { thing } from "${specifier}";\n\nexport const other = thing;\n`;

  const services = "packages/services";
  const refused: readonly (readonly [rule: string, path: string, specifier: string])[] = [
    ["a service imports no other service", `${services}/src/gateway/pay.ts`, "../client-bank/capture.js"],
    ["nor from a folder further down", `${services}/src/gateway/http/door.ts`, "../../notification/send.js"],
    ["what services share imports no service", `${services}/src/shared/card.ts`, "../merchant-bank/settle.js"],
    ["nor does the platform", `${services}/src/platform/health.ts`, "../gateway/pay.js"],
    ["a service imports nothing of the stack", `${services}/src/gateway/pay.ts`, "../stack/main.js"],
    ["nor of the operator's tools", `${services}/src/gateway/pay.ts`, "../operator/broker-configuration.js"],
    ["a service does not use the SDK's testing entry", `${services}/src/gateway/pay.ts`, "@quittance/sdk/testing"],
    ["nor a file inside the SDK", `${services}/src/gateway/pay.ts`, "../../../sdk/src/amqp/transport.js"],
    [
      "the stack reaches into the SDK no more than a service",
      `${services}/src/stack/main.ts`,
      "../../../sdk/dist/mod.js",
    ],
    ["a service does not know rhea", `${services}/src/gateway/pay.ts`, "rhea"],
    ["nor do the services' tests", `${services}/test/gateway/pay.test.ts`, "rhea-promise"],
    ["the SDK knows rhea in its amqp folder alone", "packages/sdk/src/connection.ts", "rhea"],
    ["by whichever of its names", "packages/sdk/src/processor/processor.ts", "rhea-promise"],
    ["the SDK imports no service by path", "packages/sdk/src/connection.ts", "../../services/src/shared/card.js"],
    ["nor by name", "packages/sdk/src/amqp/transport.ts", "@quittance/services"],
    ["the wire knows nothing of what stands on it", "packages/sdk/src/amqp/transport.ts", "../processor/processor.js"],
    ["nor do its server's files", "packages/sdk/src/amqp/server/listen.ts", "../../request/requester.js"],
    ["nor of what puts it together", "packages/sdk/src/amqp/transport.ts", "../composed-connection.js"],
    [
      "the client knows nothing of what answers it",
      "packages/client/src/payments.ts",
      "../../services/src/shared/card.js",
    ],
    ["nor does it need Node", "packages/client/src/payments.ts", "node:crypto"],
    ["nor its command line", "packages/client/src/payments.ts", "./cli/main.js"],
    ["whose command line knows no more", "packages/client/src/cli/main.ts", "@quittance/services"],
    ["the SDK needs nothing of its broker for tests", "packages/sdk/src/connection.ts", "./testing/broker.js"],
  ];

  for (const [rule, path, specifier] of refused) {
    it(`are broken when ${path} imports ${specifier}: ${rule}`, async () => {
      expect(await findings({ [path]: importing(specifier) })).to.include(`${path}: noRestrictedImports`);
    });
  }

  it("are broken by a type-only or a dynamic import as well", async () => {
    const path = `${services}/src/gateway/pay.ts`;
    const found = await findings({
      [path]: 'import type { Capture } from "../client-bank/capture.js";\n\nexport const two: Capture[] = [];\n',
      [`${services}/src/gateway/read.ts`]: 'export const load = () => import("../client-bank/capture.js");\n',
    });
    expect(found).to.include(`${path}: noRestrictedImports`);
    expect(found).to.include(`${services}/src/gateway/read.ts: noRestrictedImports`);
  });

  it("are broken by a cycle, even of types", async () => {
    const found = await findings({
      "packages/sdk/src/one.ts": 'import type { Two } from "./two.js";\n\nexport type One = Two | 1;\n',
      "packages/sdk/src/two.ts": 'import type { One } from "./one.js";\n\nexport type Two = One[];\n',
    });
    expect(found).to.include("packages/sdk/src/one.ts: noImportCycles");
  });

  it("are broken by a name that a package exports without listing it", async () => {
    const found = await findings({
      "packages/sdk/src/mod.ts": 'export * from "./one.js";\n',
      "packages/sdk/src/testing/mod.ts": 'export type * from "./one.js";\n',
    });
    expect(found).to.include("packages/sdk/src/mod.ts: noReExportAll");
    expect(found).to.include("packages/sdk/src/testing/mod.ts: plugin");
  });

  it("are broken by a second file of public names", async () => {
    const found = await findings({ "packages/sdk/src/names.ts": 'export { one } from "./one.js";\n' });
    expect(found).to.include("packages/sdk/src/names.ts: noBarrelFile");
  });

  it("are broken by library code that prints", async () => {
    const found = await findings({ "packages/sdk/src/one.ts": 'console.log("one");\n' });
    expect(found).to.include("packages/sdk/src/one.ts: noConsole");
  });

  it("are broken in the SDK by braces around a short statement, or by another way to spread on a condition", async () => {
    const found = await findings({
      "packages/sdk/src/one.ts":
        "export function one(a: boolean): number {\n  if (a) {\n    return 1;\n  }\n  return 2;\n}\n",
      "packages/sdk/src/two.ts":
        "export const two = (a?: string): object => ({ ...(a === undefined ? {} : { a }) });\n",
      "packages/sdk/src/three.ts":
        "export function three(a: boolean): object {\n  if (a) return {};\n  return { ...(a && { a }) };\n}\n",
    });
    expect(found).to.deep.equal(["packages/sdk/src/one.ts: plugin", "packages/sdk/src/two.ts: plugin"]);
  });

  it("are broken by a package that package.json does not declare", async () => {
    const found = await findings({ "packages/sdk/src/one.ts": importing("fastify") });
    expect(found).to.include("packages/sdk/src/one.ts: noUndeclaredDependencies");
  });

  it("are broken by a default export, or a file that is not named in kebab-case", async () => {
    const found = await findings({ "packages/sdk/src/OneThing.ts": "export default 1;\n" });
    expect(found).to.include("packages/sdk/src/OneThing.ts: noDefaultExport");
    expect(found).to.include("packages/sdk/src/OneThing.ts: useFilenamingConvention");
  });

  it("are kept by what the design allows", async () => {
    expect(
      await findings({
        "packages/sdk/src/amqp/transport.ts": importing("rhea"),
        "packages/sdk/src/testing/broker.ts": importing("rhea"),
        "packages/sdk/test/amqp/transport.test.ts": importing("rhea"),
        "packages/client/src/cli/main.ts": importing("../mod.js"),
        "packages/client/test/pay.test.ts": importing("../../services/dist-test/support/eventually.js"),
        [`${services}/src/gateway/pay.ts`]: importing("@quittance/sdk"),
        [`${services}/src/gateway/read.ts`]: importing("../shared/queue-map.js"),
        [`${services}/src/gateway/http/door.ts`]: importing("../../platform/log.js"),
        [`${services}/src/stack/main.ts`]: importing("@quittance/sdk/testing"),
        [`${services}/src/stack/seed.ts`]: importing("../client-bank/schema.js"),
        [`${services}/test/gateway/pay.test.ts`]: importing("@quittance/sdk/testing"),
        [`${services}/test/flow/flow.test.ts`]: importing("../../src/client-bank/schema.js"),
      }),
    ).to.deep.equal([]);
  });
});
