/** `npm run docs`: the documentation as a site, in docs/site/.vitepress/dist. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { endWithParent } from "./end-with-parent.mjs";
import { ensureFolderInstalled } from "./install.mjs";
import { ROOT } from "./paths.mjs";

const HELP = `Builds the documentation as a site, from the Markdown where it is, and follows every link.

  npm run docs -- [--serve]

  --serve   Then show it on http://localhost:4173, until Ctrl-C.

The site goes to docs/site/.vitepress/dist; its order of pages is docs/site/sections.mjs. The SDK's reference is made of
its comments. What makes the site is installed in docs/site/node_modules, and nowhere else. Exit codes: 0 built, and every
link and anchor leads somewhere; 1 something failed, and the output names it; 2 called wrongly.
`;

const SITE = join(ROOT, "docs/site");
const args = process.argv.slice(2);

endWithParent();
if (args.includes("--help") || args.includes("-h")) process.stdout.write(HELP);
else if (args.some((arg) => arg !== "--serve")) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  await ensureFolderInstalled(SITE);
  const steps = [
    ["node_modules/typedoc/bin/typedoc", "--logLevel", "Error"],
    ["node_modules/vitepress/bin/vitepress.js", "build", "."],
    ["check-links.mjs"],
    ...(args.includes("--serve") ? [["node_modules/vitepress/bin/vitepress.js", "preview", "."]] : []),
  ];
  const failed = steps.find((step) => spawnSync(process.execPath, step, { cwd: SITE, stdio: "inherit" }).status !== 0);
  if (failed !== undefined) process.exitCode = 1;
}
