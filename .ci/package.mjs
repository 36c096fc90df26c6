// Installs the packed SDK into empty projects, as its users do, and runs the README's code and the examples there: in
// strict TypeScript, in JavaScript (ES modules and CommonJS) and bundled into one file, and the conformance command,
// under each maintained line of Node and under Bun. On a line that is no longer maintained, the import must fail and say why. Needs
// npm's registry. Prints a line for each check, and `N passed, N failed` last.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { check, endChecks } from "./checks.mjs";

const LINES = [22, 24, 26];
/** No longer maintained: the import fails there, and says so in one sentence. */
const TOO_OLD = 20;
/** The package that carries Bun's program. */
const BUN = `@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
/** The first line whose JavaScript has `await using`. */
const HAS_AWAIT_USING = 24;
const SDK = resolve("packages/sdk");
/** What the examples and the compiler need beside the SDK. */
const OTHER_PACKAGES = [
  "rhea-promise@3",
  "typescript@7",
  "zod@4",
  "@types/node@22",
  "@opentelemetry/api@1",
  "@opentelemetry/sdk-trace@2",
];
/** Bundles a program and all that it imports into one file. */
const BUNDLER = "esbuild@0.28";
const RUN_TIMEOUT_MS = 60_000;
const CONFORMANCE_TIMEOUT_MS = 180_000;
/** Pages other than the README with such blocks; one needs rhea-promise. */
const PAGES = ["docs/first-hour.md", "docs/coming-from-rhea-promise.md"];
/** Marks of a block that is run as it stands, and what it prints. */
const RUN_BY_CI = /<!-- run by CI -->\n```(ts|js|cjs)\n([\s\S]*?)```(?:\n+<!-- prints: ([\s\S]*?) -->)?/g;
/** The README's first block: the commands that begin a project. */
const BEGIN = /```sh\n([\s\S]*?)```/;
/** The README's commands that bundle its program. */
const BUNDLE = /<!-- bundled by CI -->\n```sh\n([\s\S]*?)```/;
/** Needs a broker of its caller's; npm test runs it with one. */
const NOT_ALONE = "11-watch-for-fraud.ts";
/** Is a test of Node's own runner. */
const OF_NODE_ALONE = "09-test.js";

const work = mkdtempSync(join(tmpdir(), "quittance-package-"));
try {
  run("npm", ["pack", "--silent", "--pack-destination", work], SDK);
  const tarball = join(
    work,
    readdirSync(work).find((name) => name.endsWith(".tgz")),
  );
  const readme = readFileSync(join(SDK, "README.md"), "utf8");
  const blocks = [readme, ...PAGES.map((page) => readFileSync(join(SDK, page), "utf8"))]
    .flatMap((text) => [...text.matchAll(RUN_BY_CI)])
    .map(([, language, code, prints]) => ({ language, code, prints }));
  const nodes = installNodes();
  const project = emptyProject("project", [tarball, ...OTHER_PACKAGES]);
  const compiled = compile(project, blocks);
  for (const [line, node] of nodes) {
    runBlocks(project, line, node, blocks);
    for (const file of compiled)
      tryFile(`Node ${line}, compiled from TypeScript: ${file}`, node, project, join("out", file));
  }
  tryBun(project, blocks, compiled);
  tryFirstHour(tarball, readme, blocks[0], nodes);
  tryBundle(readme, blocks[0], nodes);
  const bare = emptyProject("bare", [tarball]);
  tryTooOld(bare);
  for (const [line, node] of nodes) tryConformance(line, node, bare);
  const extraneous = run("npm", ["ls", "--all", "--parseable"], bare).trim().split("\n").slice(1);
  check(`the SDK alone brings ${extraneous.length} packages, at most 8`, extraneous.length <= 8 || extraneous);
} catch (error) {
  check("the package could be tried", String(error.stack ?? error));
} finally {
  rmSync(work, { recursive: true, force: true });
}
endChecks();

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** A folder outside this repository with a package.json and what npm installs from the given names. */
function emptyProject(name, packages) {
  const folder = join(work, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", ...packages], folder);
  return folder;
}

/** The program of each line of Node, from the npm package that carries it. */
function installNodes() {
  const nodes = new Map();
  for (const line of LINES) nodes.set(line, installNode(line));
  return nodes;
}

function installNode(line) {
  const folder = emptyProject(`node-${line}`, [`node-${process.platform}-${process.arch}@${line}`]);
  const program = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  const version = existsSync(program) ? run(program, ["--version"], folder).trim() : "none";
  check(`npm supplies Node ${line}: ${version}`, version.startsWith(`v${line}.`));
  return program;
}

/** Runs all of it under Bun, which has `await using`, and prints objects in lines of their own. */
function tryBun(project, blocks, compiled) {
  const folder = emptyProject("bun", [`${BUN}@1`]);
  const bun = join(folder, "node_modules", BUN, "bin/bun");
  const name = `Bun ${run(bun, ["--version"], folder).trim()}`;
  for (const [index, { language, code, prints }] of blocks.entries()) {
    const file = `bun-${index}.${{ cjs: "cjs", js: "mjs", ts: "ts" }[language]}`;
    writeFileSync(join(project, file), code);
    tryFile(`${name}, ${language}: ${file}`, bun, project, file, prints);
  }
  for (const file of compiled.filter((one) => one !== OF_NODE_ALONE)) {
    tryFile(`${name}, compiled from TypeScript: ${file}`, bun, project, join("out", file));
  }
}

/** Runs the README's own commands in an empty folder, then its first program as printed, as `index.js`. */
function tryFirstHour(tarball, readme, { code, prints }, nodes) {
  const folder = join(work, "first-hour");
  mkdirSync(folder);
  const commands = BEGIN.exec(readme)?.[1] ?? "";
  const install = "npm install @quittance/sdk";
  check(
    `the README begins with npm init and ${install}`,
    commands.includes("npm init -y") && commands.includes(install),
  );
  run("sh", ["-euc", commands.replace(install, `npm install --no-audit --no-fund ${tarball}`)], folder);
  writeFileSync(join(folder, "index.js"), code);
  for (const [line, node] of nodes) {
    tryFile(`Node ${line}, the README's commands and its first program`, node, folder, "index.js", prints);
  }
}

/** Bundles that program as the README says, and runs the bundle in a folder without packages. */
function tryBundle(readme, { prints }, nodes) {
  const folder = join(work, "first-hour");
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", BUNDLER], folder);
  run("sh", ["-euc", BUNDLE.exec(readme)?.[1] ?? "false"], folder);
  const alone = join(work, "alone");
  mkdirSync(alone);
  renameSync(join(folder, "bundle.mjs"), join(alone, "bundle.mjs"));
  for (const [line, node] of nodes) {
    tryFile(`Node ${line}, esbuild's bundle as an ES module`, node, alone, "bundle.mjs", prints);
  }
}

function tryTooOld(folder) {
  writeFileSync(join(folder, "imports.mjs"), 'import "@quittance/sdk";\n');
  const node = installNode(TOO_OLD);
  const { status, stderr } = spawnSync(node, ["imports.mjs"], { cwd: folder, encoding: "utf8" });
  const refusal =
    /^Error: @quittance\/sdk needs Node\.js 22\S* or later, and this is v20\.\S+, which is no longer maintained\.$/m;
  check(
    `Importing on Node ${TOO_OLD} fails with one sentence that says why`,
    (status !== 0 && refusal.test(stderr)) || { status, stderr },
  );
}

/** The conformance suite of the installed package, on a broker of the installed package; npx finds it by its name. */
function tryConformance(line, node, folder) {
  const program = `
    import { execFile } from "node:child_process";
    import { promisify } from "node:util";
    import { startBroker } from "@quittance/sdk/testing";
    const broker = await startBroker();
    const only = process.argv.slice(2);
    try {
      const args = ["--no-install", "@quittance/sdk", "conformance", broker.url, "--json", ...only];
      process.stdout.write((await promisify(execFile)("npx", args, { maxBuffer: 10_000_000 })).stdout);
    } finally {
      await broker.close();
    }`;
  writeFileSync(join(folder, "conformance.mjs"), program);
  // All of it on the first line; on the others the rules about queues, so that the stage stays short.
  const only = line === LINES[0] ? [] : ["--only", "J-4.1"];
  const { status, stdout, stderr } = spawnSync(node, ["conformance.mjs", ...only], {
    cwd: folder,
    encoding: "utf8",
    timeout: CONFORMANCE_TIMEOUT_MS,
    env: { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) },
  });
  const { passed, failed, notSupported } = status === 0 ? JSON.parse(stdout) : {};
  const right = passed >= (only.length === 0 ? 220 : 10) && failed === 0 && notSupported === 0;
  check(
    `Node ${line}, npx @quittance/sdk conformance ${only.join(" ")}: ${passed} rules hold`,
    right || { status, stderr, stdout: stdout.slice(0, 2_000) },
  );
}

/** Compiles the README's TypeScript and the examples of the installed package; names what came of it. */
function compile(project, blocks) {
  const source = join(project, "source");
  mkdirSync(source);
  const examples = join(project, "node_modules/@quittance/sdk/examples");
  const names = readdirSync(examples).filter((name) => name.endsWith(".ts"));
  for (const name of names) writeFileSync(join(source, name), readFileSync(join(examples, name)));
  for (const [index, { language, code }] of blocks.entries()) {
    if (language === "ts") writeFileSync(join(source, `page-${index}.ts`), code);
  }
  const compilerOptions = {
    target: "es2022",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    rootDir: "source",
    outDir: "out",
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["source"] }));
  const tsc = spawnSync("node", ["node_modules/typescript/bin/tsc", "--project", "."], {
    cwd: project,
    encoding: "utf8",
  });
  check(
    "strict TypeScript, libraries checked too, compiles the README and the examples",
    tsc.status === 0 || tsc.stdout,
  );
  return readdirSync(join(project, "out")).filter((name) => name !== NOT_ALONE.replace(/ts$/, "js"));
}

/** The README's code as JavaScript; what TypeScript alone can say is not in it. */
function runBlocks(project, line, node, blocks) {
  for (const [index, { language, code, prints }] of blocks.entries()) {
    if (line < HAS_AWAIT_USING && (language === "ts" || code.includes("await using"))) continue;
    const file = `page-${index}.${language === "cjs" ? "cjs" : "mjs"}`;
    writeFileSync(join(project, file), code);
    tryFile(`Node ${line}, ${language === "cjs" ? "CommonJS" : "JavaScript"}: ${file}`, node, project, file, prints);
  }
}

function tryFile(sentence, node, cwd, file, prints) {
  const { status, stdout, stderr } = spawnSync(node, [file], { cwd, encoding: "utf8", timeout: RUN_TIMEOUT_MS });
  const right = status === 0 && (prints === undefined || onOneLine(stdout) === onOneLine(prints));
  check(sentence, right || { status, stdout, stderr });
}

/** What was printed, whichever runtime lays objects out. */
function onOneLine(printed) {
  return printed
    .replaceAll('"', "'")
    .replaceAll(/,\s*(?=[}\]])/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}
