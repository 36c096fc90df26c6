/** The package as npm would publish it. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { build } from "esbuild";

const PACKAGE = fileURLToPath(new URL("../", import.meta.url));
const TOOLS = fileURLToPath(new URL("../../../node_modules/", import.meta.url));
const MAXIMUM_PACKED_BYTES = 60_000;
/** What a page loads of it, compressed by nobody. */
const MAXIMUM_BUNDLED_BYTES = 20_000;
const run = promisify(execFile);

describe("The published package", function () {
  this.timeout(60_000);
  let folder: string;
  let tarball: string;
  let files: readonly string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-client-pack-"));
    await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: PACKAGE });
    tarball = join(folder, (await readdir(folder))[0] as string);
    files = (await run("tar", ["-tzf", tarball])).stdout.trim().split("\n");
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("has what its users read and run, and nothing that only its makers need", async () => {
    expect(files).to.include.members(
      ["README.md", "CHANGELOG.md", "LICENSE", "dist/mod.js", "dist/mod.d.ts", "bin/quittance.js"].map(
        (file) => `package/${file}`,
      ),
    );
    expect(
      files.filter((file) => /\.map$|tsbuildinfo|\.test\.|tsconfig|^package\/(src|test)\//.test(file)),
    ).to.deep.equal([]);
    expect((await stat(tarball)).size).to.be.below(MAXIMUM_PACKED_BYTES);
  });

  it("depends on no other", async () => {
    const manifest = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
    expect(manifest).not.to.have.any.keys("dependencies", "peerDependencies", "optionalDependencies");
  });

  it("satisfies publint, and has types that are not wrong for any way of resolving ES modules", async () => {
    const lint = await run(process.execPath, [join(TOOLS, "publint/src/cli.js"), tarball, "--strict"], { cwd: folder });
    expect(lint.stdout).to.contain("All good");
    const attw = join(TOOLS, "@arethetypeswrong/cli/dist/index.js");
    await run(process.execPath, [attw, tarball, "--profile", "esm-only"], { cwd: folder });
  });

  it("is bundled for a browser, small and with nothing of Node in it", async () => {
    const { outputFiles } = await build({
      entryPoints: [join(PACKAGE, "dist/mod.js")],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      write: false,
    });
    const text = outputFiles[0]?.text ?? "";
    expect(text)
      .to.contain("/v1/payments")
      .and.not.to.match(/\bprocess\b|\brequire\(|node:/);
    expect(text.length).to.be.below(MAXIMUM_BUNDLED_BYTES);
  });

  it("tells what is new in the version that it is", async () => {
    const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
    const changes = await readFile(join(PACKAGE, "CHANGELOG.md"), "utf8");
    expect(changes).to.match(new RegExp(`^## ${version.replaceAll(".", "\\.")}$`, "m"));
  });
});
