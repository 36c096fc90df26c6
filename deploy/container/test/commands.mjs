/** Runs the programs that this test needs, and says what is missing. */
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const exec = promisify(execFile);
const OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end and resolves to its standard output. @throws Error with the end of what it wrote. */
export async function run(program, args, options = {}) {
  try {
    const { stdout } = await exec(program, args, { maxBuffer: OUTPUT_BYTES, ...options });
    return stdout.trim();
  } catch (error) {
    const said = `${error.stdout ?? ""}${error.stderr ?? ""}`.trim().slice(-3_000);
    throw new Error(`${program} ${args.slice(0, 3).join(" ")} failed: ${said || error.message}`, { cause: error });
  }
}

/** The same, with its output shown as it comes when VERBOSE is set: for what takes minutes. */
export async function runLong(program, args, options = {}) {
  if (!process.env.VERBOSE) return run(program, args, options);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve("") : reject(new Error(`${program} ended with ${code}`))));
  });
}

/** @throws Error that names the packages to install. */
export async function requirePrograms() {
  const missing = [];
  for (const program of ["buildah", "podman", "mmdebstrap", "nsenter"]) {
    await exec("which", [program]).catch(() => missing.push(program));
  }
  if (missing.length === 0) return;
  throw new Error(
    `${missing.join(", ")} cannot be found. On Debian, as root: apt-get install --no-install-recommends buildah podman runc netavark aardvark-dns mmdebstrap`,
  );
}
