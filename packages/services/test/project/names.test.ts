import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

interface Structure {
  misnamed(root: string): Promise<string[]>;
}

// Plain JavaScript at the top of the repository, outside what the compiler sees.
const { misnamed } = (await import(new URL("../../../../scripts/structure.mjs", import.meta.url).href)) as Structure;

describe("The rules of the project about names", () => {
  let system: string;

  beforeEach(async () => {
    system = await mkdtemp(join(tmpdir(), "quittance-system-"));
  });

  afterEach(() => rm(system, { recursive: true, force: true }));

  async function plant(path: string): Promise<void> {
    const file = join(system, path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, "");
  }

  for (const path of ["a/utils/b.ts", "a/helpers.ts", "a/common/b.ts", "a/lib/b.ts", "a/queue-manager.ts"]) {
    it(`are broken by ${path}`, async () => {
      await plant(path);
      expect((await misnamed(system)).join("\n")).to.match(/says nothing about what is in it/);
    });
  }

  it("do not look at what is installed or compiled, nor inside words", async () => {
    for (const path of ["node_modules/lib/a.js", "a/dist/utils.js", "library.ts", "commonwealth.ts"]) await plant(path);
    expect(await misnamed(system)).to.deep.equal([]);
  });
});
