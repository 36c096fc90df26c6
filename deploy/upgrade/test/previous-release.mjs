/**
 * The release before this one, built from git beside this one: the last tag `v*`, or, while nothing has been tagged, the
 * last commit before services got a table of their own, keys an id and messages several readers.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../../container/test/commands.mjs";

const BEFORE_ANY_TAG = "9c9e7f51ab2a3c09f8aff50758d18390dba2eb9c";
/** What another place than the top of the repository has installed. */
const NESTED = "packages/services/node_modules";

/** Which commit the previous release is, and what it is called. @throws Error when the clone does not have it. */
export function previousRelease(root) {
  const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  const head = git("rev-parse", "HEAD");
  const tags = git("tag", "--list", "v*", "--sort=-creatordate", "--merged").split("\n").filter(Boolean);
  const tag = tags.find((name) => git("rev-parse", `${name}^{commit}`) !== head);
  const commit = tag === undefined ? BEFORE_ANY_TAG : git("rev-parse", `${tag}^{commit}`);
  try {
    git("cat-file", "-e", `${commit}^{commit}`);
  } catch (cause) {
    throw new Error(`The previous release is ${commit}, which this clone does not have: git fetch --unshallow --tags`, {
      cause,
    });
  }
  return { commit, name: tag ?? commit.slice(0, 7) };
}

/** Checks the release out into `folder`, and compiles it with the packages that are installed here. */
export async function buildRelease({ root, folder, commit, node }) {
  await mkdir(folder, { recursive: true });
  const archive = join(folder, "release.tar");
  await run("git", ["-C", root, "archive", "--output", archive, commit]);
  await run("tar", ["-xf", archive, "-C", folder]);
  await rm(archive);
  await linkPackages(join(root, "node_modules"), join(folder, "node_modules"));
  if (existsSync(join(root, NESTED))) await symlink(join(root, NESTED), join(folder, NESTED));
  // Its own SDK: that is part of the release.
  await mkdir(join(folder, "node_modules/@quittance"), { recursive: true });
  await symlink(join(folder, "packages/sdk"), join(folder, "node_modules/@quittance/sdk"));
  await run(node, [join(folder, "node_modules/typescript/bin/tsc"), "--build", join(folder, "packages/services")]);
}

async function linkPackages(from, to) {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from)) {
    if (entry !== "@quittance") await symlink(join(from, entry), join(to, entry));
  }
}

/** A release that can be run: its modules, the variables that its services need, and where they are. */
export async function openRelease({ folder, keys: lists = {}, stack }) {
  const hasLists = existsSync(join(folder, "packages/services/dist/platform/key-ring.js"));
  const keys = hasLists ? lists : singleKeys(lists);
  const load = (module) => import(pathToFileURL(join(folder, "packages/services/dist", module)));
  const { environmentOf } = await load("stack/service-table.js");
  return {
    load,
    keys,
    environmentOf: (service) => environmentOf(service, { ...stack, keys }),
    scriptOf: (service) => join(folder, "packages/services/dist", service, "main.js"),
  };
}

/** Keys as releases before lists have them: `X_KEYS=id=<base64>` was `X_KEY=<base64>`. */
function singleKeys(keys) {
  const single = (list) => list.split(",")[0].replace(/^[^=]*=(?=.)/, "");
  return Object.fromEntries(
    Object.entries(keys).map(([name, list]) =>
      name.endsWith("_KEYS") ? [name.slice(0, -1), single(list)] : [name, list],
    ),
  );
}
