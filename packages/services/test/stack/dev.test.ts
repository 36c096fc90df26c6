import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { isRunning } from "../../dist/stack/process-identity.js";
import type { RunFile } from "../../dist/stack/run-file.js";
import { eventually } from "../support/eventually.js";
import { START_MS, STOP_MS, treeOf } from "./launcher-for-tests.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const GATEWAY_FILE = "packages/services/src/gateway/http-app.ts";
const ANSWER = "There is nothing at this path.";

/** What `npm run dev` reads and writes, so that a test may change it: all of it a copy but what npm installed. */
function copyCheckout(): string {
  const copy = mkdtempSync(join(tmpdir(), "quittance-dev-"));
  const kept = ["src", "dist", "package.json", "tsconfig.json"];
  const parts = ["packages/sdk", "packages/services"].flatMap((folder) => kept.map((name) => `${folder}/${name}`));
  // The console's page is only served.
  for (const path of ["scripts", "package.json", "tsconfig.base.json", "packages/console/dist", ...parts]) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true, preserveTimestamps: true });
  }
  for (const folder of ["node_modules", "packages/services/node_modules"]) {
    mkdirSync(join(copy, folder));
    for (const name of readdirSync(join(ROOT, folder))) {
      if (!name.startsWith(".") && name !== "@quittance") {
        symlinkSync(join(ROOT, folder, name), join(copy, folder, name));
      }
    }
  }
  mkdirSync(join(copy, "node_modules/@quittance"));
  for (const name of ["sdk", "services"]) {
    symlinkSync(join(copy, "packages", name), join(copy, "node_modules/@quittance", name));
  }
  return copy;
}

describe("npm run dev", function () {
  this.timeout(2 * START_MS + STOP_MS);
  let checkout: string;
  let dev: ChildProcess;
  let exited: Promise<number | null>;
  let output = "";

  before(async () => {
    checkout = copyCheckout();
    dev = spawn(process.execPath, [join(checkout, "scripts/dev.mjs"), "--grpc-port", "0", "--http-port", "0"], {
      env: { ...process.env, QUITTANCE_FOLDER: join(checkout, ".quittance") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    exited = new Promise((resolve) => dev.once("close", resolve));
    for (const stream of [dev.stdout, dev.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output += chunk.toString("utf8");
      });
    }
    await said("Ctrl-C stops everything.");
    await said("dev: Watching");
  });

  after(async () => {
    // Only a test that failed leaves it running.
    dev.kill("SIGTERM");
    await exited;
    await rm(checkout, { recursive: true, force: true });
  });

  function said(text: string, boundMs = START_MS): Promise<unknown> {
    return eventually(`it says "${text}"`, () => output.includes(text), boundMs).catch((error: unknown) => {
      throw new Error(`It said:\n${output}`, { cause: error });
    });
  }

  function edit(path: string, change: (source: string) => string): void {
    const file = join(checkout, path);
    const before = readFileSync(file, "utf8");
    const after = change(before);
    if (after === before) throw new Error(`The edit changes nothing in ${path}.`);
    output = "";
    writeFileSync(file, after);
  }

  const run = () => JSON.parse(readFileSync(join(checkout, ".quittance/run.json"), "utf8")) as RunFile;
  const pids = () => Object.fromEntries(run().services.map(({ name, pid }) => [name, pid]));

  /** What the gateway says of a path that it does not know; undefined while it is away. */
  async function answer(): Promise<string | undefined> {
    const { http, token } = run();
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${http}/v1/nothing-here`, { headers }).catch(() => undefined);
    return response && ((await response.json()) as { detail: string }).detail;
  }

  it("shows a saved line of the gateway in its next answer, and leaves the other services alone", async () => {
    expect(await answer()).to.equal(ANSWER);
    const { gateway, ...others } = pids();
    edit(GATEWAY_FILE, (source) => source.replace(ANSWER, "Nothing is here."));
    await eventually("the answer has the connection", async () => (await answer()) === "Nothing is here.");
    await said("dev: The types are right.");
    const { gateway: now, ...same } = pids();
    expect(now).not.to.equal(gateway);
    expect(same).to.deep.equal(others);
    // The console answers as the gateway does to what it does not know.
    expect(output).to.contain(`dev: ${GATEWAY_FILE} changed: gateway, console start again.`);
  });

  it("starts every service again that uses a file of the SDK", async () => {
    const before = pids();
    edit("packages/sdk/src/mod.ts", (source) => `${source}\nexport const ADDED_BY_A_TEST = 1;\n`);
    await said("dev: The types are right.");
    const now = pids();
    for (const [name, pid] of Object.entries(before)) expect(now[name], name).not.to.equal(pid);
  });

  it("starts the console alone again when only it uses a file", async () => {
    const before = pids();
    edit("packages/services/src/operator/console/own-host.ts", (source) => `${source}\n// A remark.\n`);
    await said("own-host.ts changed: console starts again.");
    await said("console is back");
    await said("dev: The types are right.");
    expect(pids()).to.deep.equal(before);
  });

  it("goes on with the old code while a file does not compile, and says where", async () => {
    const before = pids();
    edit(GATEWAY_FILE, (source) => source.replace('"Nothing is here."', '"Half a line'));
    await said("does not compile: the code of before goes on running.");
    expect(output).to.contain("gateway/http-app.ts:");
    expect(await answer()).to.equal("Nothing is here.");
    expect(pids()).to.deep.equal(before);
    edit(GATEWAY_FILE, (source) => source.replace('"Half a line', '"A whole line."'));
    await eventually("the answer has the connection", async () => (await answer()) === "A whole line.");
    await said("dev: The types are right.");
  });

  it("runs code whose types are wrong, and says what is wrong with them", async () => {
    edit(
      GATEWAY_FILE,
      (source) => `${source.replace("A whole line.", "A wrong type.")}\nexport const two: number = "2";\n`,
    );
    await eventually("the answer has the connection", async () => (await answer()) === "A wrong type.");
    await said("error TS2322");
  });

  it("ends all that it started at Ctrl-C", async () => {
    const started = treeOf(dev.pid as number).map(({ identity }) => identity);
    expect(started.length).to.be.greaterThan(8);
    dev.kill("SIGINT");
    expect(await exited, output).to.equal(0);
    await eventually("every process is gone", () => !started.some(isRunning), STOP_MS);
  });
});
