import { readFileSync } from "node:fs";
import { expect } from "chai";

const page = readFileSync(new URL("../../../../docs/decisions.md", import.meta.url), "utf8");

describe("The decisions", () => {
  it("have each a status with a date", () => {
    const decisions = page.split(/^## /m).slice(1);
    expect(decisions).not.to.have.length(0);
    const without = decisions.filter(
      (text) => !/^.*\n\*\*Status\.\*\* (Accepted|Superseded by \[.*\]\(#.*\)), \d{4}-\d{2}-\d{2}\.\n/.test(text),
    );
    expect(without.map((text) => text.split("\n")[0])).to.deep.equal([]);
  });
});
