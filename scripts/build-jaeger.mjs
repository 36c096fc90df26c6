/**
 * Builds Jaeger into the user's cache, for `npm start -- --observe`: Debian has no package of it. Needs Go; takes some
 * ten minutes of one processor, once. `go install` refuses the module for its replace directives, so it is built as the
 * main module, from the copy that Go keeps of it. Its pages are a placeholder there: traces are read by its API
 * (`/api/traces/<id>`), or with Grafana.
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const MODULE = "github.com/jaegertracing/jaeger@v1.76.0";

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quittance", "bin");
const folder = await mkdtemp(join(tmpdir(), "quittance-jaeger-"));
try {
  const { stdout } = await run("go", ["mod", "download", "-json", MODULE]);
  const source = join(folder, "source");
  await cp(JSON.parse(stdout).Dir, source, { recursive: true });
  // Go keeps its copies without the right to write.
  await chmod(source, 0o755);
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  console.log(`Building ${MODULE}.`);
  await run("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", join(folder, "jaeger"), "./cmd/all-in-one"], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" },
    maxBuffer: 64 * 1024 * 1024,
  });
  await mkdir(cache, { recursive: true });
  await cp(join(folder, "jaeger"), join(cache, `jaeger-all-in-one.${process.pid}`));
  await rename(join(cache, `jaeger-all-in-one.${process.pid}`), join(cache, "jaeger-all-in-one"));
  console.log(`It is ${join(cache, "jaeger-all-in-one")}.`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
