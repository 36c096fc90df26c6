import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

interface Node24 {
  chooseNode24(given: {
    readonly carried: string | undefined;
    readonly platform: string;
    readonly running: { readonly path: string; readonly version: string };
  }): string;
}

// Plain JavaScript at the top of the repository, outside what the compiler sees.
const { chooseNode24 } = (await import(new URL("../../../../scripts/node24.mjs", import.meta.url).href)) as Node24;

describe("The Node that runs everything", () => {
  let folder: string;
  let carried: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-node-"));
    carried = join(folder, "bin/node");
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "package.json"), '{ "version": "24.9.1" }');
    await writeFile(carried, "");
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const chosen = (version: string, installed: string | undefined = carried) =>
    chooseNode24({ carried: installed, platform: "sun-3", running: { path: "own", version } });

  for (const version of ["24.9.2", "24.10.0"]) {
    it(`is the user's own ${version} rather than an older 24 from npm`, () => {
      expect(chosen(version)).to.equal("own");
    });
  }

  for (const version of ["20.20.2", "24.9.1", "24.0.0", "26.1.0"]) {
    it(`is the one from npm when the user's own is ${version}`, () => {
      expect(chosen(version)).to.equal(carried);
    });
  }

  it("is the user's own, 24 or later, where npm has none", () => {
    expect(chosen("26.1.0", join(folder, "not/here"))).to.equal("own");
    expect(() => chosen("20.20.2", join(folder, "not/here"))).to.throw("Node 24 is not installed");
    expect(() =>
      chooseNode24({ carried: undefined, platform: "sun-3", running: { path: "own", version: "22.1.0" } }),
    ).to.throw("No npm package carries Node 24 for sun-3");
  });
});
