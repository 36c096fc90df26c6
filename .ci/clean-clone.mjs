/** A clean clone: `npm start -- --once` there installs only what the programs need, and makes its five payments. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, endChecks } from "./checks.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What may be installed, in megabytes: the sizes of the files, which are the same on every file system. */
const MAXIMUM_MB = 350;
/** Only tests, checks and generators need them. */
const DEVELOPMENT = ["@biomejs/biome", "@bufbuild/buf", "drizzle-kit", "google-proto-files", "lerna", "mocha"];

const clone = await mkdtemp(join(tmpdir(), "quittance-clone-"));
try {
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone]);
  const began = performance.now();
  const started = spawnSync("npm", ["start", "--", "--once", "--quiet", "--grpc-port", "0", "--http-port", "0"], {
    cwd: clone,
    env: { ...process.env, NODE_ENV: "", INIT_CWD: clone },
    stdio: "inherit",
  });
  const seconds = (performance.now() - began) / 1_000;
  const [megabytes] = execFileSync("du", ["-sm", "--apparent-size", "--exclude=.cache", join(clone, "node_modules")], {
    encoding: "utf8",
  }).split("\t");
  const extra = DEVELOPMENT.filter((name) => existsSync(join(clone, "node_modules", name)));
  check("the five payments end as they should", started.status === 0);
  check(
    `installed: ${megabytes} MB of at most ${MAXIMUM_MB}, in ${seconds.toFixed(1)} s with the start`,
    Number(megabytes) <= MAXIMUM_MB,
  );
  check("nothing is installed that only development needs", extra.length === 0 || extra);
} finally {
  await rm(clone, { recursive: true, force: true });
}
endChecks();
