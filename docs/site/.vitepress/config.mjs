/** The documentation as a site: the Markdown of the repository where it is, in an order to read it in. */
import { fileURLToPath } from "node:url";
import { SECTIONS } from "../sections.mjs";
import { linkSources, writeLinkedSources } from "../source-links.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The pages are outside of this folder, where no node_modules is above them. */
const vueFromHere = {
  name: "vue-from-here",
  enforce: "pre",
  resolveId(source, importer) {
    if (!/^vue(\/|$)/.test(source) || !importer?.split("?")[0].endsWith(".md")) return undefined;
    return this.resolve(source, fileURLToPath(import.meta.url), { skipSelf: true });
  },
};

export default {
  title: "Quittance",
  description: "Card payments through five services over ActiveMQ, and the messaging SDK that they stand on.",
  lang: "en",
  srcDir: ROOT,
  srcExclude: [".github/**", "packages/*/etc/**", "**/node_modules/**", "**/dist/**", "docs/site/node_modules/**"],
  rewrites: { "README.md": "index.md" },
  cleanUrls: false,
  lastUpdated: false,
  // What runs on the reader's own machine.
  ignoreDeadLinks: "localhostLinks",
  // The pages are read in the repository too, where `<name>` in a sentence is only text.
  markdown: { config: (markdown) => linkSources(markdown, ROOT) },
  vite: {
    plugins: [vueFromHere],
    build: { chunkSizeWarningLimit: 1_500 },
  },
  buildEnd: ({ outDir }) => writeLinkedSources(ROOT, outDir),
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    sidebar: SECTIONS.map(({ text, items }) => ({
      text,
      collapsed: false,
      items: items.map(([name, path]) => ({
        text: name,
        link: path === "README.md" ? "/" : `/${path.replace(/\.md$/, "")}`,
      })),
    })),
    nav: [
      { text: "Quick start", link: "/" },
      { text: "API", link: "/docs/api" },
      { text: "Operate", link: "/docs/operating" },
      { text: "SDK", link: "/packages/sdk/README" },
      { text: "Français", link: "/README.fr" },
    ],
  },
};
