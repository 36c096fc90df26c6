import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { SYSTEM } from "../../dist/topology/system-table.js";

const SOURCES = fileURLToPath(new URL("../../src/", import.meta.url));
const PROGRAMS = Object.values(SYSTEM).map(({ program }) => program);
/** Folders that a service may import from, beside its own. */
const SHARED = ["gen", "platform", "shared", "topology"];

/** Where the relative imports of a file lead inside the sources: `[file, folder at the top]`. */
function importsOf(program: string): [file: string, folder: string][] {
  const top = join(SOURCES, program);
  return readdirSync(top, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const text = readFileSync(join(top, path), "utf8");
      const found = text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
      return [...found].map(([, specifier = ""]): [string, string] => {
        const target = relative(SOURCES, join(top, path, "..", specifier));
        return [`${program}/${path}`, target.split("/")[0] ?? ""];
      });
    });
}

describe("The services of the table", () => {
  for (const program of PROGRAMS) {
    it(`import nothing of each other, of the stack or of the operator's tools: ${program}`, () => {
      const imports = importsOf(program);
      expect(imports.length).to.be.above(5);
      expect(imports.filter(([, folder]) => ![program, ...SHARED].includes(folder))).to.deep.equal([]);
    });
  }
});
