/** The API's definition as buf reads it: our proto files, and Google's that they import. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { capture } from "./capture.mjs";
import { BUF, NODE_MODULES, ROOT } from "./paths.mjs";

const PROTO = "proto";

/**
 * Google's files, from the package google-proto-files: annotations of HTTP paths and fields (AIP-127, AIP-203), and the
 * rich errors of google.rpc (AIP-193).
 */
const GOOGLE_FILES = [
  "google/api/annotations.proto",
  "google/api/field_behavior.proto",
  "google/api/http.proto",
  "google/rpc/code.proto",
  "google/rpc/error_details.proto",
  "google/rpc/status.proto",
];

/** Puts all that buf needs under `folder`, from the proto files of `root`; the path of the input. */
export async function prepareApiInput(folder, root = ROOT) {
  const input = join(folder, PROTO);
  await cp(join(root, PROTO), input, { recursive: true });
  for (const file of GOOGLE_FILES) {
    await mkdir(dirname(join(input, file)), { recursive: true });
    await cp(join(NODE_MODULES, "google-proto-files", file), join(input, file));
  }
  return input;
}

/** Lints our files; resolves to what is wrong, as {@link capture} does. */
export function lintApi() {
  return withFolder(async (folder) => buf("lint", await prepareApiInput(folder)));
}

/** Compares the API with that of a tag; resolves to the breaking changes, as {@link capture} does. */
export function breakingChangesSince(tag) {
  return withFolder(async (folder) => {
    const before = join(folder, "before");
    await mkdir(before);
    const archive = join(folder, "before.tar");
    const archived = await capture("git", ["archive", `--output=${archive}`, tag, PROTO], { cwd: ROOT });
    if (!archived.ok) return archived;
    const unpacked = await capture("tar", ["-xf", archive, "-C", before]);
    if (!unpacked.ok) return unpacked;
    const against = await prepareApiInput(join(folder, "against"), before);
    return buf("breaking", await prepareApiInput(folder), "--against", against);
  });
}

function buf(...args) {
  return capture(process.execPath, [BUF, ...args]);
}

async function withFolder(use) {
  const folder = await mkdtemp(join(tmpdir(), "quittance-api-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
