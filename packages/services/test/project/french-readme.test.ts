import { readFileSync } from "node:fs";
import { expect } from "chai";

/** What stands between fences in a page: commands, and the picture. */
function blocksOf(page: string): string[] {
  const text = readFileSync(new URL(`../../../../${page}`, import.meta.url), "utf8");
  return text.match(/^```[\s\S]*?^```/gm) ?? [];
}

describe("The README in French", () => {
  it("has the commands of the English one, which are run, and its picture", () => {
    const english = blocksOf("README.md");
    expect(english).to.have.length.above(4);
    expect(blocksOf("README.fr.md")).to.deep.equal(english);
  });
});
