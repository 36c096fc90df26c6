/** The package as npm would publish it. */
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { runToEnd } from "./run-script.js";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const TOOLS = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
/** The conformance command is 38,000 of them, and the pages of documentation 33,000. */
const MAXIMUM_PACKED_BYTES = 340_000;

describe("The published package", () => {
  let folder: string;
  let tarball: string;
  let files: readonly string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-pack-"));
    const packed = await runToEnd("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: PACKAGE });
    expect(packed.code, packed.stderr).to.equal(0);
    tarball = join(folder, (await readdir(folder))[0] as string);
    const listed = await runToEnd("tar", ["-tzf", tarball], { cwd: folder });
    files = listed.stdout.trim().split("\n");
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("has what its users read and run, and nothing that only its makers need", () => {
    expect(files).to.include.members(
      [
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "dist/mod.js",
        "dist/mod.d.ts",
        "dist/testing/mod.js",
        "dist/command.mjs",
      ].map((file) => `package/${file}`),
    );
    expect(
      files.filter((file) => /\.map$|tsbuildinfo|\.test\.|tsconfig|^package\/(src|test|etc)\//.test(file)),
    ).to.deep.equal([]);
  });

  it("names no source map that is not in it", async () => {
    const unpacked = await runToEnd("tar", ["-xzf", tarball], { cwd: folder });
    expect(unpacked.code, unpacked.stderr).to.equal(0);
    const compiled = files.filter((file) => /\.(?:js|d\.ts)$/.test(file));
    expect(compiled.length).to.be.above(100);
    for (const file of compiled) {
      expect(await readFile(join(folder, file), "utf8"), file).to.not.include("sourceMappingURL");
    }
  });

  it("says at import that a Node that is no longer maintained is too old, and nothing else", async () => {
    const entry = JSON.stringify(new URL("../../dist/mod.js", import.meta.url).href);
    const program = `
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });
      await import(${entry}).catch(({ message }) => console.log(message));`;
    const { stdout } = await runToEnd(process.execPath, ["--input-type=module", "-e", program], { cwd: PACKAGE });
    expect(stdout).to.match(
      /^@quittance\/sdk needs Node.js 22 or later, and this is v[\d.]+, which is no longer maintained\.\n$/,
    );
  });

  it("is of a sensible size", async () => {
    expect((await stat(tarball)).size).to.be.below(MAXIMUM_PACKED_BYTES);
  });

  it("satisfies publint", async () => {
    const { code, stdout } = await runToEnd(
      process.execPath,
      [join(TOOLS, "publint/src/cli.js"), tarball, "--strict"],
      {
        cwd: folder,
      },
    );
    expect(code, stdout).to.equal(0);
    expect(stdout).to.contain("All good");
  });

  it("has types that are not wrong for any way of resolving ES modules", async () => {
    const attw = join(TOOLS, "@arethetypeswrong/cli/dist/index.js");
    const { code, stdout } = await runToEnd(process.execPath, [attw, tarball, "--profile", "esm-only"], {
      cwd: folder,
    });
    expect(code, stdout).to.equal(0);
  });

  it("tells what is new in the version that it is", async () => {
    const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { version: string };
    const changes = await readFile(join(PACKAGE, "CHANGELOG.md"), "utf8");
    expect(changes).to.match(new RegExp(`^## ${version.replaceAll(".", "\\.")}$`, "m"));
  });
});
