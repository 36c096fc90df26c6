// Tries a running stack as strangers do: the README's own commands with curl and grpcurl, a Python client generated from
// the proto, and @quittance/client from its tarball, under the oldest Node that it takes and the newest. Needs grpcurl on
// the PATH, and PYTHON pointing at a Python with grpcio-tools. Prints a line for each check, and `N passed, N failed` last.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { check, endChecks } from "./checks.mjs";

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 20_000;
const RUN_FILE = ".quittance/run.json";
/** The oldest line of Node that the client takes. */
const OLDEST_NODE = 20;
/** Marks of a block of the client's README that is run as it stands, and what it prints, line by line. */
const RUN_BY_CI = /<!-- run by CI -->\n```js\n([\s\S]*?)```(?:\n<!-- prints: (.*) -->)?/g;
const python = process.env.PYTHON ?? "python3";

// A process group of its own, which gets a SIGINT as a whole: what a terminal's Ctrl-C is.
const stack = spawn("npm", ["start", "--", "--grpc-port", "0", "--http-port", "0"], {
  detached: true,
  stdio: ["ignore", "inherit", "inherit"],
});
const ended = new Promise((resolve) => stack.once("exit", (code, signal) => resolve({ code, signal })));

try {
  const run = await untilRunning();
  check("run.json is readable by its owner alone", (statSync(RUN_FILE).mode & 0o777) === 0o600);
  tryReadme(run);
  tryPython(run);
  tryClient(run);
} catch (error) {
  check("the clients ran", String(error.stack ?? error));
}

signalGroup("SIGINT");
const timer = setTimeout(() => signalGroup("SIGKILL"), STOP_TIMEOUT_MS);
const { code, signal } = await ended;
clearTimeout(timer);
// npm ends by the same signal, once what it started has ended.
check("Ctrl-C stops the stack", code === 0 || code === 130 || signal === "SIGINT" || { code, signal });
check("run.json is gone when the stack has stopped", readRun() === undefined);
endChecks();

function signalGroup(signal) {
  try {
    process.kill(-stack.pid, signal);
  } catch {
    // It has ended already.
  }
}

async function untilRunning() {
  for (const bound = Date.now() + START_TIMEOUT_MS; Date.now() < bound; ) {
    const run = readRun();
    if (run !== undefined) return run;
    if (stack.exitCode !== null) throw new Error(`npm start ended with ${stack.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`npm start wrote no ${RUN_FILE} within ${START_TIMEOUT_MS} ms`);
}

function readRun() {
  try {
    return JSON.parse(readFileSync(RUN_FILE, "utf8"));
  } catch {
    return undefined;
  }
}

/** The command that follows `<!-- run by CI: NAME -->` in the README, with the ports of this run. */
function readmeCommand(name, run) {
  const block = new RegExp(`<!-- run by CI: ${name} -->\\n\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(
    readFileSync("README.md", "utf8"),
  );
  if (block === null) throw new Error(`the README has no command marked ${name}`);
  const replaced = block[1]
    .replaceAll("localhost:8080", hostAndPort(run.http))
    .replaceAll("localhost:50051", hostAndPort(run.grpc));
  return execFileSync("bash", ["-euo", "pipefail", "-c", replaced], { encoding: "utf8", timeout: 30_000 });
}

function hostAndPort(address) {
  return String(address)
    .replace(/^https?:\/\//, "")
    .replace(/^(\d+)$/, "127.0.0.1:$1");
}

function tryReadme(run) {
  const curl = JSON.parse(readmeCommand("curl", run));
  const byCurl = curl.payment ?? curl;
  check("the README's curl command answers SUCCEEDED", byCurl.state === "PAYMENT_STATE_SUCCEEDED" || curl);
  const byGrpcurl = JSON.parse(readmeCommand("grpcurl", run)).payment;
  check(
    "the README's grpcurl command, by reflection, answers SUCCEEDED",
    byGrpcurl.state === "PAYMENT_STATE_SUCCEEDED" || byGrpcurl,
  );
  const again = JSON.parse(readmeCommand("grpcurl", run)).payment;
  check(
    "the same grpcurl command again answers the same payment",
    JSON.stringify(again) === JSON.stringify(byGrpcurl) || again,
  );
  const listed = JSON.parse(readmeCommand("list", run)).payments.map((payment) => payment.id);
  check("the README's list has both payments", [byCurl.id, byGrpcurl.id].every((id) => listed.includes(id)) || listed);
}

function tryPython(run) {
  const generated = mkdtempSync(join(tmpdir(), "quittance-python-"));
  try {
    // googleapis-common-protos has the annotations that our files import, and the code of theirs.
    const site = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], {
      encoding: "utf8",
    }).trim();
    const files = ["api", "payments"].flatMap((name) =>
      readdirSync(`proto/quittance/${name}/v1`).map((file) => `proto/quittance/${name}/v1/${file}`),
    );
    execFileSync(
      python,
      [
        "-m",
        "grpc_tools.protoc",
        "-Iproto",
        `-I${site}`,
        `--python_out=${generated}`,
        `--grpc_python_out=${generated}`,
        ...files,
      ],
      { stdio: "inherit" },
    );
    const output = execFileSync(python, [".ci/python_client.py", hostAndPort(run.grpc), run.token], {
      encoding: "utf8",
      env: { ...process.env, PYTHONPATH: generated },
      timeout: 60_000,
    });
    const seen = JSON.parse(output);
    check(
      "a Python client generated from the proto is answered SUCCEEDED",
      seen.state === "PAYMENT_STATE_SUCCEEDED" || seen,
    );
    check("Pay again answers the same payment to Python", seen.same_again);
    check("GetPayment agrees with what Pay answered", seen.read_agrees);
    check("ListPayments has the payment", seen.listed.includes(seen.id) || seen);
    check("WatchPayment ends with what Pay answered", seen.watched);
    const fields = ["amount", "request_id"];
    check(
      "Python decodes the rich error, which names every wrong field",
      (seen.refused.code === "INVALID_ARGUMENT" &&
        fields.every((field) => seen.refused.fields.some((named) => named.startsWith(field)))) ||
        seen.refused,
    );
  } finally {
    rmSync(generated, { recursive: true, force: true });
  }
}

/** Installs the packed client into an empty project, and runs its README's programs and its command line there. */
function tryClient(run) {
  const project = mkdtempSync(join(tmpdir(), "quittance-client-"));
  const environment = { ...process.env, QUITTANCE_URL: run.http, QUITTANCE_TOKEN: run.token };
  try {
    execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: resolve("packages/client") });
    const tarball = join(project, readdirSync(project)[0]);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
    const node = `node-${process.platform}-${process.arch}`;
    const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    execFileSync("npm", [...install, tarball, `${node}@${OLDEST_NODE}`], { cwd: project, stdio: "inherit" });
    const nodes = ["node_modules", join(project, "node_modules")].map((folder) => resolve(folder, node, "bin/node"));
    const blocks = [...readFileSync("packages/client/README.md", "utf8").matchAll(RUN_BY_CI)];
    for (const [place, [, code]] of blocks.entries()) writeFileSync(join(project, `readme-${place}.js`), code);
    const options = { cwd: project, env: environment, encoding: "utf8", timeout: 60_000 };
    for (const program of nodes) {
      const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
      for (const [place, [, , prints]] of blocks.entries()) {
        if (prints === undefined) continue;
        const printed = execFileSync(program, [`readme-${place}.js`], options)
          .trim()
          .split("\n")
          .join("; ");
        check(`the client's README under Node ${version} prints ${prints}`, printed === prints || printed);
      }
      const quittance = join(project, "node_modules/@quittance/client/bin/quittance.js");
      const paid = JSON.parse(
        execFileSync(program, [quittance, "pay", "EUR 12.50", "--wait", "30", "--json"], options),
      );
      check(`its command line pays under Node ${version}`, paid.state === "SUCCEEDED" || paid);
    }
    const listed = execFileSync("npx", ["--no-install", "quittance", "list", "--limit", "1"], options);
    check("npx quittance lists what was paid", /^pay_.* succeeded /.test(listed) || listed);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
