import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const OTHERS = new Set(["node_modules", "dist", "dist-test"]);

/** Every page of the repository, and none of what is installed or built. */
function pages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || OTHERS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pages(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** What a page says outside its examples. */
function prose(page: string): string {
  return readFileSync(page, "utf8").replace(/^```[\s\S]*?^```/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

/** The links of a page to something in the repository that is not there. */
function deadLinks(page: string): string[] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : resolve(dirname(page), path);
      return !existsSync(file) || (anchor !== undefined && !anchors(file).has(anchor));
    })
    .map((target) => `${relative(ROOT, page)}: ${target}`);
}

describe("The links of every page", () => {
  it("lead to a file and a heading that are there", () => {
    const all = pages(ROOT);
    expect(all.map((page) => relative(ROOT, page))).to.include.members(["README.md", "docs/operating.md"]);
    expect(all.flatMap(deadLinks)).to.deep.equal([]);
  });

  it("reach every page of docs/operating from its index", () => {
    const index = readFileSync(join(ROOT, "docs/operating.md"), "utf8");
    const unlinked = readdirSync(join(ROOT, "docs/operating")).filter((page) => !index.includes(`(operating/${page})`));
    expect(unlinked).to.deep.equal([]);
  });
});
