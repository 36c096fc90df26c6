/** Follows every link of the built site: each must lead to a page that is there, and to an anchor that is on it. */
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const SITE = fileURLToPath(new URL(".vitepress/dist", import.meta.url));

const pages = new Map();
for await (const path of glob("**/*.html", { cwd: SITE })) {
  const html = await readFile(join(SITE, path), "utf8");
  pages.set(path, {
    ids: new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => text(id))),
    links: path.startsWith("source/")
      ? []
      : [...html.matchAll(/<a\s[^>]*?href="([^"]*)"/g)].map(([, href]) => text(href)),
  });
}

const dead = [...pages].flatMap(([path, { links }]) =>
  [...new Set(links)].filter((href) => !leads(path, href)).map((href) => `${path}: ${href}`),
);
const count = [...pages.values()].reduce((sum, { links }) => sum + links.length, 0);
if (dead.length > 0) console.error(`Dead links:\n${dead.sort().join("\n")}`);
console.log(`${count} links on ${pages.size} pages, ${dead.length} dead`);
if (pages.size === 0 || count === 0 || dead.length > 0) process.exitCode = 1;

/** Addresses outside of the site are not asked: a build must not depend on what runs elsewhere. */
function leads(from, href) {
  if (/^[a-z]+:/i.test(href)) return true;
  const [path, anchor] = href.split("#");
  const target = path === "" ? from : posix.join(path.startsWith("/") ? "." : dirname(from), decodeURI(path));
  const page = [target, `${target}.html`, posix.join(target, "index.html")].find((name) => pages.has(name));
  if (page === undefined) return existsSync(join(SITE, target));
  return anchor === undefined || anchor === "" || pages.get(page).ids.has(decodeURIComponent(anchor));
}

function text(html) {
  return html.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
