import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/operating/security.md`, "utf8");
const SCRIPTS = Object.keys(JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).scripts);
const TESTS = "packages/services/test/";

/** A test as the page names it: the file, and the sentence of the test or the beginning of one. */
const NAMED = /`([a-z0-9/-]+\.test\.ts)`(?:, "([^"]+)")?/g;

describe("The page on security", () => {
  const named = [...PAGE.matchAll(NAMED)].map(([, file = "", sentence]) => ({ file, sentence }));

  it("names tests that there are, by sentences that they contain", () => {
    expect(named).to.have.length.above(30);
    const missing = named.filter(({ file, sentence }) => {
      if (!existsSync(`${ROOT}${TESTS}${file}`)) return true;
      return sentence !== undefined && !readFileSync(`${ROOT}${TESTS}${file}`, "utf8").includes(sentence);
    });
    expect(missing).to.deep.equal([]);
  });

  it("names no command that there is not", () => {
    const commands = [...PAGE.matchAll(/`npm run ([a-z:]+)/g)].map(([, command = ""]) => command);
    expect(commands).to.include("test:container");
    expect(commands.filter((command) => !SCRIPTS.includes(command))).to.deep.equal([]);
  });

  it("has a row for every risk of OWASP's list of 2023, and for every requirement of PCI DSS", () => {
    for (let place = 1; place <= 10; place += 1) {
      expect(PAGE).to.match(new RegExp(`^\\| API${place}:2023 `, "m"));
      expect(PAGE).to.contain(`| ${place}`);
    }
  });
});
