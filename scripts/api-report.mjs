/**
 * The public surface of a package's entry as one Markdown page, so that a change of it is seen in review. Reads what
 * the compiler wrote (`*.d.ts`), whose form is regular: each declaration begins at the start of a line.
 */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Of a module that is run and gives nothing. */
const BARE_IMPORT = /^import "[^"]+";$/gm;
const RE_EXPORT = /export (type )?\{([^}]*)\} from "([^"]+)";/g;
const STRING_OR_COMMENT = /("(?:[^"\\]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
/** Stands for a doc comment until its declaration is found. */
const DOC = "\u0001";
const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|namespace) (\w+)/;
const IMPORTED = /^import (?:type )?\{([^}]*)\} from "([^"]+)";/gm;

/** The report of the entry whose declarations are in the file `entry`, which users import as `name`. */
export async function apiReport(entry, name) {
  const publicNames = await exportedNames(entry);
  const parts = [];
  const hidden = new Map();
  for (const [publicName, file] of [...publicNames].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const source = await readFile(file, "utf8");
    const own = declarations(source).filter((declaration) => declaration.name === publicName);
    if (own.length === 0) throw new Error(`${entry} exports ${publicName}, which ${file} does not declare.`);
    if (!own.some((declaration) => declaration.documented)) parts.push("// (undocumented)");
    parts.push(...own.map((declaration) => declaration.text), "");
    for (const known of knownNames(source)) {
      const used = own.some(({ text }) => new RegExp(`\\b${known}\\b`).test(text));
      if (used && !publicNames.has(known)) hidden.set(known, publicName);
    }
  }
  return page(name, parts.join("\n").trimEnd(), [...hidden].sort());
}

function page(name, declared, hidden) {
  const lines = hidden.map(([type, user]) => `// ${user} uses ${type}, which is not exported`);
  return `# The public surface of \`${name}\`

<!-- Written by npm run generate from the compiled declarations. Do not edit. -->

\`\`\`ts
${[declared, ...lines].join("\n")}
\`\`\`
`;
}

/** Each name that a module exports from others, with the file that it comes from. */
async function exportedNames(entry) {
  const names = new Map();
  const text = (await readFile(entry, "utf8")).replaceAll(STRING_OR_COMMENT, (_all, string) => string ?? "");
  for (const [, , list, from] of text.matchAll(RE_EXPORT)) {
    for (const item of items(list)) names.set(item, declarationFile(entry, from));
  }
  const rest = text.replaceAll(RE_EXPORT, "").replaceAll(BARE_IMPORT, "").trim();
  if (rest !== "") throw new Error(`${basename(entry)} does more than export by name: ${rest.slice(0, 80)}`);
  if (names.size === 0) throw new Error(`${basename(entry)} exports nothing.`);
  return names;
}

function declarationFile(importer, from) {
  return join(dirname(importer), from.replace(/\.js$/, ".d.ts"));
}

function items(list) {
  return list
    .split(",")
    .map((item) => item.trim().replace(/^type /, ""))
    .filter((item) => item !== "");
}

/** Names that a module has of its own or of other files of the package. */
function knownNames(source) {
  const imported = [...source.matchAll(IMPORTED)]
    .filter(([, , from]) => from.startsWith("."))
    .flatMap(([, list]) => items(list).map((item) => item.split(" as ").at(-1)));
  return new Set([...imported, ...declarations(source).map((declaration) => declaration.name)]);
}

/** The declarations of a file without their comments and private members, in its order. */
function declarations(source) {
  const marked = source.replaceAll(STRING_OR_COMMENT, (all, string) => string ?? (all.startsWith("/**") ? DOC : ""));
  const blocks = marked.split(/\n(?=(?:export|declare|interface|type|class|import) )/);
  return blocks.flatMap((block, index) => {
    const text = block
      .replaceAll(DOC, "")
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^\s+(#private|private )/.test(line))
      .map((line) => line.trimEnd())
      .join("\n")
      .trim();
    const name = DECLARED.exec(text)?.[1];
    const before = index === 0 ? block : blocks[index - 1];
    return name === undefined ? [] : [{ name, text, documented: before.trimEnd().endsWith(DOC) || index === 0 }];
  });
}
