/**
 * Links of the pages to files and folders that are no pages. The repository has no public address, so the site carries
 * what it links to: a file as text, a folder as a list of its files, under `source/`.
 */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative, resolve, sep } from "node:path";

/** Paths from the top of the repository. */
const linked = new Set();

/** Has links to sources lead to `source/`, and remembers which. */
export function linkSources(markdown, root) {
  markdown.core.ruler.push("source-links", ({ tokens, env }) => {
    const folder = dirname(env.path ?? env.realPath);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== "link_open") continue;
      const href = token.attrGet("href") ?? "";
      // The site begins with the README.
      const [page, anchor] = href.split("#");
      if (resolve(folder, page) === join(root, "README.md")) {
        token.attrSet("href", `/index.html${anchor === undefined ? "" : `#${anchor}`}`);
        continue;
      }
      const target = sourceOf(href, folder, root);
      if (target === undefined) continue;
      linked.add(target);
      token.attrSet("href", `/source/${target === "" ? "all" : target}.html`);
      token.attrSet("target", "_self");
    }
  });
}

/** The path of the source that a link leads to; undefined for pages, addresses, and what is not there. */
function sourceOf(href, folder, root) {
  if (href === "" || /^([a-z]+:|#|\/)/i.test(href)) return undefined;
  const [path] = decodeURI(href).split(/[#?]/);
  const file = resolve(folder, path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || (found.isFile() && file.endsWith(".md"))) return undefined;
  return relative(root, file).split(sep).join("/");
}

/** Writes a page for each source that is linked, and for the files of each folder that is. */
export async function writeLinkedSources(root, outDir) {
  const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 })
    .trim()
    .split("\n");
  const files = new Set();
  for (const path of linked) {
    const below = tracked.filter((file) => file.startsWith(`${path}/`));
    if (below.length === 0) files.add(path);
    else await writeList(path, below, outDir);
    for (const file of below) files.add(file);
  }
  for (const file of files) {
    const text = await readFile(join(root, file), "utf8");
    await writePage(outDir, file, `<pre>${escaped(text)}</pre>`);
  }
}

function writeList(path, files, outDir) {
  const address = (file) => posix.relative(posix.dirname(path), file);
  return writePage(
    outDir,
    path,
    `<ul>${files.map((file) => `<li><a href="${address(file)}.html">${file}</a></li>`).join("\n")}</ul>`,
  );
}

async function writePage(outDir, path, body) {
  const page = join(outDir, "source", `${path}.html`);
  await mkdir(dirname(page), { recursive: true });
  await writeFile(page, `<!doctype html>\n<meta charset="utf-8">\n<title>${path}</title>\n<h1>${path}</h1>\n${body}\n`);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
