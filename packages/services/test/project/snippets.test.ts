import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { transformSync } from "esbuild";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

interface Snippet {
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

function snippets(): Snippet[] {
  const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  return pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(({ index, 1: language = "", 2: body = "" }) => ({
      place: `${page}:${text.slice(0, index).split("\n").length}`,
      language,
      text: body,
    }));
  });
}

const script = (text: string) => void transformSync(text, { loader: "ts", logLevel: "silent" });

/** Throws what is wrong with an example. What is not named here is read by people only: diff, mermaid, proto, sql, xml. */
const PARSERS: Readonly<Record<string, (text: string) => void>> = {
  json: (text) => void JSON.parse(text),
  sh: (text) => {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr.trim());
  },
  js: script,
  cjs: script,
  ts: script,
};

describe("The examples of every page", () => {
  for (const language of Object.keys(PARSERS)) {
    it(`parse as ${language}`, () => {
      const all = snippets().filter((snippet) => snippet.language === language);
      expect(all).not.to.have.length(0);
      const wrong = all.flatMap(({ place, text }) => {
        try {
          PARSERS[language]?.(text);
          return [];
        } catch (error) {
          return [`${place}: ${error instanceof Error ? error.message : error}`];
        }
      });
      expect(wrong).to.deep.equal([]);
    });
  }
});
