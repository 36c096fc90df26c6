// Installs the packed SDK into empty projects, as its users do, and runs the README's code and the examples there: in
// strict TypeScript and in JavaScript, under each line of Node that is maintained. Needs npm's registry. Prints a line
// for each check, and `N passed, N failed` last.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const LINES = [22, 24, 26];
/** The first line whose JavaScript has `await using`. */
const HAS_AWAIT_USING = 24;
const SDK = resolve("packages/sdk");
/** What the examples and the compiler need besides the SDK. */
const BESIDES = ["typescript@7", "zod@4", "@types/node@22", "@opentelemetry/api@1", "@opentelemetry/sdk-trace@2"];
const RUN_TIMEOUT_MS = 60_000;
/** Marks of a README block that is run as it stands, and what it prints. */
const RUN_BY_CI = /<!-- run by CI -->\n```(ts|js)\n([\s\S]*?)```(?:\n+<!-- prints: (.*) -->)?/g;
/** Needs a broker of its caller's; npm test runs it with one. */
const NOT_ALONE = "11-watch-for-fraud.ts";

let passed = 0;
let failed = 0;
const work = mkdtempSync(join(tmpdir(), "quittance-package-"));
try {
  run("npm", ["pack", "--silent", "--pack-destination", work], SDK);
  const tarball = join(
    work,
    readdirSync(work).find((name) => name.endsWith(".tgz")),
  );
  const readme = readFileSync(join(SDK, "README.md"), "utf8");
  const blocks = [...readme.matchAll(RUN_BY_CI)].map(([, language, code, prints]) => ({ language, code, prints }));
  const nodes = installNodes();
  const project = emptyProject("project", [tarball, ...BESIDES]);
  const compiled = compile(project, blocks);
  for (const [line, node] of nodes) {
    runBlocks(project, line, node, blocks);
    for (const file of compiled)
      tryFile(`Node ${line}, compiled from TypeScript: ${file}`, node, project, join("out", file));
  }
  const bare = emptyProject("bare", [tarball]);
  const extraneous = run("npm", ["ls", "--all", "--parseable"], bare).trim().split("\n").slice(1);
  check(`the SDK alone brings ${extraneous.length} packages, at most 8`, extraneous.length <= 8 || extraneous);
} catch (error) {
  check("the package could be tried", String(error.stack ?? error));
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Counts a check: true passes, anything else fails and is shown. */
function check(sentence, result) {
  if (result === true) passed += 1;
  else failed += 1;
  console.log(
    `${result === true ? "ok  " : "FAIL"} ${sentence}${result === true ? "" : `: ${JSON.stringify(result)}`}`,
  );
}

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
  for (const line of LINES) {
    const folder = emptyProject(`node-${line}`, [`node-${process.platform}-${process.arch}@${line}`]);
    const program = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
    const version = existsSync(program) ? run(program, ["--version"], folder).trim() : "none";
    check(`npm supplies Node ${line}: ${version}`, version.startsWith(`v${line}.`));
    nodes.set(line, program);
  }
  return nodes;
}

/** Compiles the README's TypeScript and the examples of the installed package; names what came of it. */
function compile(project, blocks) {
  const source = join(project, "source");
  mkdirSync(source);
  const examples = join(project, "node_modules/@quittance/sdk/examples");
  const names = readdirSync(examples).filter((name) => name.endsWith(".ts"));
  for (const name of names) writeFileSync(join(source, name), readFileSync(join(examples, name)));
  for (const [index, { language, code }] of blocks.entries()) {
    if (language === "ts") writeFileSync(join(source, `readme-${index}.ts`), code);
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

/** The README's code as it stands in JavaScript; what TypeScript alone can say is not in it. */
function runBlocks(project, line, node, blocks) {
  for (const [index, { language, code, prints }] of blocks.entries()) {
    if (language === "ts" && line < HAS_AWAIT_USING) continue;
    const file = `readme-${index}.mjs`;
    writeFileSync(join(project, file), code);
    tryFile(`Node ${line}, JavaScript: ${file}`, node, project, file, prints);
  }
}

function tryFile(sentence, node, cwd, file, prints) {
  const { status, stdout, stderr } = spawnSync(node, [file], { cwd, encoding: "utf8", timeout: RUN_TIMEOUT_MS });
  const right = status === 0 && (prints === undefined || stdout.trim() === prints);
  check(sentence, right || { status, stdout, stderr });
}
