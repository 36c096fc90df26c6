/**
 * `npm run test:contract`: starts a whole system, lets schemathesis call its HTTP door by the OpenAPI document that it
 * serves, and stops it. Every answer must be as the document says, what the document allows must be accepted, and what it
 * does not must be refused. Ends with `N passed, N failed`: the answers that
 * were judged, and 1 when any of them was wrong.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SCOPES } from "../dist/shared/scopes.js";
import { startGuardian } from "../dist/stack/guardian.js";
import { startStack } from "../dist/stack/stack.js";
import { listenForStop } from "../dist/stack/stop-signals.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const REQUIREMENTS = join(HERE, "requirements.txt");
/** Where .ci/run has its Python too. */
const VENV = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quittance/python");
/** Of a token for every operation: whose payments they are, and the operator who is named. */
const MERCHANT = "m-0001";
/** Longer than it takes on a machine that has other work. */
const BOUND_MS = 600_000;

const HELP = `Calls the HTTP door of a system of its own by the OpenAPI document that it serves, with schemathesis.

  npm run test:contract [-- options of \`schemathesis run\`]

For example -- --include-path /v1/payments, or -- --max-examples 1000. Needs Python 3.10 or later with venv: schemathesis is
installed once, in the version of packages/services/contract/requirements.txt, into ${VENV}.
`;

async function main(options) {
  const schemathesis = await installedSchemathesis();
  const folder = await mkdtemp(join(tmpdir(), "quittance-contract-"));
  const guardian = startGuardian();
  const stopping = listenForStop(() => void guardian.hurry());
  try {
    const stack = await startStack({
      ...{ broker: "embedded", database: "embedded", grpcPort: 0, httpPort: 0, guardian, signal: stopping.signal },
      keysFile: join(folder, "keys.json"),
      onProgress: (text) => console.log(`  ${text}`),
    });
    try {
      return await callByDocument({ schemathesis, stack, folder, options, signal: stopping.signal });
    } finally {
      await stack.stop();
    }
  } finally {
    await guardian.close();
    stopping.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function callByDocument({ schemathesis, stack, folder, options, signal }) {
  const count = join(folder, "count");
  const document = `http://127.0.0.1:${stack.httpPort}/openapi.json`;
  const code = await run(
    schemathesis,
    ["--config-file", join(HERE, "schemathesis.toml"), "run", document, ...options],
    {
      // It keeps what it learns where it runs.
      cwd: folder,
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: "1",
        SCHEMATHESIS_HOOKS: join(HERE, "hooks.py"),
        QUITTANCE_TOKEN: await stack.tokenOf(MERCHANT, SCOPES),
        QUITTANCE_CONTRACT_COUNT: count,
      },
      signal,
    },
  );
  const answers = Number(await readFile(count, "utf8").catch(() => "0"));
  const isGood = code === 0 && answers > 0;
  if (!isGood) console.log(`failed: schemathesis ended with ${code}; what it found stands above.`);
  console.log(`${answers} passed, ${isGood ? 0 : 1} failed`);
  return isGood;
}

/** The path of schemathesis, in the version that is asked for. */
async function installedSchemathesis() {
  const python = join(VENV, "bin/python");
  const program = join(VENV, "bin/schemathesis");
  const wanted = /^schemathesis==(\S+)$/m.exec(await readFile(REQUIREMENTS, "utf8"))?.[1];
  const isThere = `import importlib.metadata, sys; sys.exit(importlib.metadata.version("schemathesis") != "${wanted}")`;
  if (existsSync(program) && (await run(python, ["-c", isThere])) === 0) return program;
  console.log(`Installing schemathesis ${wanted} (this is needed once).`);
  await mkdir(VENV, { recursive: true });
  if (!existsSync(python) && (await run("python3", ["-m", "venv", VENV])) !== 0)
    throw new Error("There is no Python with venv.");
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
  if ((await run(python, pip)) !== 0) throw new Error("schemathesis cannot be installed.");
  return program;
}

/** Resolves to the exit code; a program that takes too long, or whose run is stopped, is ended. */
function run(program, args, { signal, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", ...options });
    const end = () => child.kill("SIGKILL");
    const bound = setTimeout(end, BOUND_MS);
    signal?.addEventListener("abort", end);
    const settle = () => {
      clearTimeout(bound);
      signal?.removeEventListener("abort", end);
    };
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("exit", (code) => {
      settle();
      resolve(code ?? 1);
    });
  });
}

const options = process.argv.slice(2);
if (options.includes("--help")) process.stdout.write(HELP);
else {
  process.exitCode = await main(options).then(
    (isGood) => (isGood ? 0 : 1),
    (error) => {
      console.error(error);
      console.log("0 passed, 1 failed");
      return 1;
    },
  );
}
