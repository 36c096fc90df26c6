/** Where things are. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What npm installed. */
export const NODE_MODULES = join(ROOT, "node_modules");

/** Tools, as the scripts that Node runs. */
export const BIOME = join(NODE_MODULES, "@biomejs/biome/bin/biome");
export const BUF = join(NODE_MODULES, "@bufbuild/buf/bin/buf");
export const DRIZZLE_KIT = join(NODE_MODULES, "drizzle-kit/bin.cjs");
export const MOCHA = join(NODE_MODULES, "mocha/bin/mocha.js");
export const TSC = join(NODE_MODULES, "typescript/bin/tsc");
