/** Words that read as translated, and what to write in their place. docs/glossary.md has the words of the field. */
import { glob, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { ROOT } from "./paths.mjs";

const READ = new Set([".md", ".mjs", ".proto", ".py", ".sql", ".ts", ".yaml", ".yml"]);
const NOT_OURS = new Set(["node_modules", "dist", "dist-test", "gen", ".git", ".quittance"]);
/** This list itself, and migrations, which are never changed once they are released. */
const MAY_HAVE_THEM = /^scripts\/plain-words\.mjs$|\/migrations\//;

/** The idiom, and the plain word. */
const IDIOMS = [
  [/\bfor ever\b/i, "forever"],
  [/\banew\b/i, "again"],
  [/\bwithout a word\b/i, "silently"],
  [/\btold by (?!e-mail|its owner|a webhook)/i, "reported by, named by"],
  [
    /\b(?<!(?:all|any|each|first|both|half|last|many|most|none|one|other|second|some) )of which\b/i,
    "whose, that, or a second sentence",
  ],
  [/\bfor want of\b/i, "for lack of, because there is no"],
  [/\b(?:sees?|saw|seen) to it\b/i, "makes sure"],
  [/\bat the latest\b/i, "at most, no later than"],
  [/\bnought\b/i, "zero"],
  [/\bas good as (?:none|nothing|no)\b/i, "counts as none"],
  [/\bbesides\b/i, "beside, other than, in addition to, too"],
  [/\bto be had\b/i, "available"],
  [/(?<!\bconst )\b(?:tells?|told|telling) of\b/i, "reports, names, called with"],
  [/\b(?:stands?|stood) in (?!for\b|line\b|a row\b)/i, "is in"],
  [/\bhouses?\b/i, "system, project, installation"],
  [/\bin vain\b/i, "without success, for nothing"],
];

/** One sentence for each line of prose or code that has one of them. */
export async function idioms(root = ROOT) {
  const offences = [];
  for await (const path of glob("**", { cwd: root, exclude: (path) => NOT_OURS.has(path.split(sep).at(-1)) })) {
    if (!READ.has(extname(path)) || MAY_HAVE_THEM.test(path.replaceAll(sep, "/"))) continue;
    const lines = (await readFile(join(root, path), "utf8")).split("\n");
    lines.forEach((line, index) => {
      for (const [idiom, plain] of IDIOMS) {
        const found = idiom.exec(line);
        if (found) offences.push(`${path}:${index + 1}: "${found[0].trim()}" reads as translated; write ${plain}.`);
      }
    });
  }
  return offences.sort();
}
