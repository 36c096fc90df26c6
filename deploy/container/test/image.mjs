/** Builds the image that is tested, and reads what is in it. */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, runLong } from "./commands.mjs";

/** This machine's certificates, for a registry that is reached through a proxy with one of its own. */
const CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Builds with base images of this machine. Every build is from the beginning: nothing of one before is used.
 * @returns the image's name.
 */
export async function buildImage({ root, name, base, build, revision, folder }) {
  const trust = [];
  if (await exists(CA_BUNDLE)) {
    const npmrc = join(folder, "npmrc");
    await writeFile(npmrc, `cafile=${CA_BUNDLE}\n`);
    trust.push("--volume", `${CA_BUNDLE}:${CA_BUNDLE}:ro`, "--volume", `${npmrc}:/usr/local/etc/npmrc:ro`);
  }
  await runLong("buildah", [
    ...["build", "--quiet", "--pull=never", "--isolation", "chroot", "--timestamp", "0", "--no-cache"],
    ...["--build-arg", `NODE_IMAGE=${build}`, "--build-arg", `BASE_IMAGE=${base}`],
    ...["--build-arg", `REVISION=${revision}`],
    ...trust,
    ...["--file", `${root}/deploy/container/Containerfile`, "--tag", name, root],
  ]);
  return name;
}

/** The digests of an image's layers, from the base up. */
export async function layersOf(image) {
  return JSON.parse(await run("buildah", ["inspect", "--type", "image", image])).OCIv1.rootfs.diff_ids;
}

/** Bytes of the image's files, unpacked. */
export async function sizeOf(image) {
  const [{ size }] = JSON.parse(await run("buildah", ["images", "--json", image]));
  return parseSize(size);
}

function parseSize(text) {
  const [, number, unit] = /^([\d.]+)\s*([kMG]?)B$/.exec(text) ?? [];
  return Number(number) * { "": 1, k: 1e3, M: 1e6, G: 1e9 }[unit ?? ""];
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
