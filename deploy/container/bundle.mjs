/**
 * Bundles the programs of the image, so that a process which starts reads a few files instead of some hundred.
 *
 *   node deploy/container/bundle.mjs <folder>     (after `npm run build`)
 *
 * writes them below `<folder>` where they are in the repository, with what they read from files while they run: data of
 * packages, and migrations. Programs share chunks; a package is in there once.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { byLine } from "./source-map-by-line.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SERVICES = "packages/services";
const DIST = `${SERVICES}/dist`;

/**
 * Packages that find files by the place of their own code, and which of their folders they read. Each keeps its place
 * under node_modules. One without folders finds nothing that runs here.
 */
const READ_AT_RUN_TIME = {
  "@grpc/grpc-js": ["proto"],
  "@grpc/reflection": ["build/proto"],
  "grpc-health-check": ["proto"],
  // Hooks into the loading of modules, for instrumentations; we use none.
  "import-in-the-middle": [],
  // The threads of their transports; we use none.
  pino: [],
  "thread-stream": [],
};

/** Packages whose files are served as they are, and which of them. */
const SERVED = {
  "node_modules/swagger-ui-dist": [
    "package.json",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
  ],
};

/** What is there in no image, and is asked for with an answer to its absence. */
const ABSENT = ["pg-native", "supports-color"];

/**
 * The first lines of every file: where `dist` is; `require` for what CommonJS packages ask of Node; and the names of a
 * CommonJS module that is imported when it is needed: the bundler keeps only its default (esbuild issue 3245).
 */
const BANNER = `
import { createRequire as __createRequire } from "node:module";
import { fileURLToPath as __fileURLToPath } from "node:url";
const __dist = import.meta.url.slice(0, import.meta.url.lastIndexOf("/dist/") + "/dist/".length);
const __urlOf = (path) => new URL(path, __dist).href;
const __pathOf = (path) => __fileURLToPath(new URL(path, __dist));
const require = __createRequire(__dist);
const __namesOf = (module) => ({ ...module.default, ...module });
`.trim();

/**
 * Bundles every service and tool of the table of the system.
 * @returns the folders, from `root`, of the packages that have a part in it.
 * @throws Error when something could not work from within a bundle.
 */
export async function bundlePrograms({ root = ROOT, to }) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: await programsOf(root),
    outbase: DIST,
    outdir: join(resolve(to), DIST),
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node24",
    // What Node itself would load: the tests ran with that.
    conditions: [],
    mainFields: ["main"],
    chunkNames: "chunks/[hash]",
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "inline",
    external: ABSENT,
    banner: { js: BANNER },
    plugins: [placesOf(root), LIGHT_HTTP, ENGLISH_ALONE],
    logLevel: "silent",
  });
  const problems = [...result.warnings.map(({ text, location }) => `${location?.file}: ${text}`)];
  if (problems.length > 0) throw new Error(`What the bundler warns of:\n${problems.join("\n")}`);
  const bare = result.outputFiles.filter(({ text }) => /(?<!__namesOf\(await )\bimport\("\.\//.test(text));
  if (bare.length > 0) throw new Error(`Write import("…") with await before it: ${bare.map(({ path }) => path)}`);
  for (const { path, text } of result.outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, path.endsWith(".map") ? byLine(text) : text);
  }
  const packages = [...packagesOf(result.metafile), ...Object.keys(SERVED)];
  await copyData(root, to, packages);
  return packages;
}

/** The compiled file of each program, and the one that chooses between them by its first argument. */
async function programsOf(root) {
  const load = (module) => import(pathToFileURL(join(root, DIST, module)));
  const { SYSTEM } = await load("topology/system-table.js");
  const { TOOLS } = await load("topology/tool-table.js");
  const services = Object.values(SYSTEM).map(({ program }) => `${program}/main.js`);
  const tools = Object.values(TOOLS).map(({ module }) => module);
  return ["main.js", ...services, ...tools].map((module) => `${DIST}/${module}`);
}

/** A module says where it is; in the bundle it is elsewhere, and says the same. */
function placesOf(root) {
  return {
    name: "places",
    setup({ onLoad }) {
      onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        if (!/\bimport\.meta\b|\bawait import\b|\b__(dirname|filename)\b/.test(text)) return undefined;
        const problem = problemWith(text, relative(root, path));
        if (problem !== undefined) return { errors: [{ text: problem }] };
        const place = (from) => JSON.stringify(relative(join(root, DIST), from).split(sep).join("/"));
        const contents = text
          .replace(/\bawait import\((["'][^"']+["'])\)/g, "__namesOf(await import($1))")
          .replace(/\bimport\.meta\.url\b/g, `__urlOf(${place(path)})`)
          .replace(/\b__filename\b/g, `__pathOf(${place(path)})`)
          .replace(/\b__dirname\b/g, `__pathOf(${place(dirname(path))})`);
        return { contents, loader: "js" };
      });
    },
  };
}

/**
 * An ES module that imports `node:http` reads every property of it, among them those behind which Node loads its client
 * of HTTP and WebSockets (undici): a tenth of a start. `require` reads what is used.
 */
const LIGHT_HTTP = {
  name: "light-http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === "import-statement" ? { path: "node:http", namespace: "required" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "required" }, () => ({ contents: `module.exports = require("node:http");` }));
  },
};

/** zod brings its messages in some sixty languages, and uses English until it is asked for another. */
const ENGLISH_ALONE = {
  name: "english-alone",
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from "./en.js";`,
    }));
  },
};

function problemWith(text, path) {
  const other = /\bimport\.meta\.(?!url\b)\w+/.exec(text);
  if (other !== null) return `${other[0]} is not the same in a bundle: use import.meta.url.`;
  const name = packageOf(path)?.name;
  if (name === undefined || name in READ_AT_RUN_TIME || !/\bimport\.meta\b|\b__(dirname|filename)\b/.test(text)) return;
  return `${name} looks for files beside its own code: name the folders that it reads in READ_AT_RUN_TIME.`;
}

/** What the programs read while they run. */
async function copyData(root, to, packages) {
  for (const path of packages) {
    for (const data of SERVED[path] ?? READ_AT_RUN_TIME[packageOf(`${path}/`).name] ?? []) {
      await cp(join(root, path, data), join(to, path, data), { recursive: true });
    }
  }
  const { DATABASE_SERVICES } = await import(pathToFileURL(join(root, DIST, "topology/system-table.js")));
  for (const service of DATABASE_SERVICES) {
    const path = join(SERVICES, "src", service, "migrations");
    await cp(join(root, path), join(to, path), { recursive: true });
  }
  const { name, version, license, type } = JSON.parse(await readFile(join(root, SERVICES, "package.json"), "utf8"));
  await writeFile(join(to, SERVICES, "package.json"), `${JSON.stringify({ name, version, license, type })}\n`);
}

/** The folders of the packages that have code in some output. */
function packagesOf({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const paths = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return [...new Set(paths.flatMap((path) => packageOf(path)?.folder ?? []))].sort();
}

/** The package of an installed file: its name and its folder; undefined for our own. */
function packageOf(path) {
  const [folder, name] = /^.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)(?=\/)/.exec(path.split(sep).join("/")) ?? [];
  return folder === undefined ? undefined : { name, folder };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , to] = process.argv;
  if (to === undefined) throw new Error("Say where: node deploy/container/bundle.mjs <folder>");
  const packages = await bundlePrograms({ to });
  console.log(`${packages.length} packages bundled`);
}
