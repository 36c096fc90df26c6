import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

interface PlainWords {
  idioms(root: string): Promise<string[]>;
}

// Plain JavaScript at the top of the repository, outside what the compiler sees.
const { idioms } = (await import(new URL("../../../../scripts/plain-words.mjs", import.meta.url).href)) as PlainWords;

describe("The list of words that read as translated", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-words-"));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("names each with its place and the plain word", async () => {
    // In two parts, for this page is read as well.
    await writeFile(join(folder, "page.md"), `Good.\nIt waits for ${"ever"}, and begins a${"new"}.\n`);
    expect(await idioms(folder)).to.deep.equal([
      `page.md:2: "a${"new"}" reads as translated; write again.`,
      `page.md:2: "for ${"ever"}" reads as translated; write forever.`,
    ]);
  });

  it("names one in the middle of a sentence, in any case", async () => {
    await writeFile(
      join(folder, "page.md"),
      `A card, of ${"which"} we know little. ${"Be"}sides, at the ${"latest"} tomorrow.\n`,
    );
    expect((await idioms(folder)).map((offence) => offence.split('"')[1])).to.deep.equal([
      `Be${"sides"}`,
      `at the ${"latest"}`,
      `of ${"which"}`,
    ]);
  });

  it("takes words that only look like them", async () => {
    const fine = [
      "For every payment, for everybody; forever. A new one. Three parts, each of which counts. It sits beside it.",
      "A proxy stands in for a server; payments stand in line.",
    ].join("\n");
    await writeFile(join(folder, "page.md"), `${fine}\n`);
    expect(await idioms(folder)).to.deep.equal([]);
  });
});
