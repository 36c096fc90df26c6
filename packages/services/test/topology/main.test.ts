import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { PARTS } from "../../dist/topology/arrows.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the image's program with no configuration at all. */
function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: {} }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

describe("The program of the image", function () {
  this.timeout(60_000);

  it("lists what it runs: every service, the migrations and the operator's commands", async () => {
    const { code, stdout } = await run("--help");
    expect(code).to.equal(0);
    const services = PARTS.filter((part) => part !== "broker" && part !== "database");
    for (const name of [...services, "migrate", "operator"]) expect(stdout).to.match(new RegExp(`^  ${name} `, "m"));
  });

  it("says what there is when it is called without a name, or by one that it does not know", async () => {
    for (const args of [[], ["client"]]) {
      const { code, stdout, stderr } = await run(...args);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(stderr)
        .to.contain("card-validation")
        .and.to.contain(args[0] ? 'no program "client"' : "Usage");
    }
  });

  for (const name of PARTS.filter((part) => part !== "broker" && part !== "database")) {
    it(`starts ${name}, which names the variables that it lacks`, async () => {
      const { code, stderr } = await run(name);
      expect(code).to.equal(2);
      expect(stderr).to.contain(`${name}: `).and.to.contain("BROKER_URL is not set");
    });
  }

  it("hands the arguments on to the operator's command line", async () => {
    const { code, stdout } = await run("operator", "verify-money", "--help");
    expect(code).to.equal(0);
    expect(stdout).to.contain("--bound-seconds");
  });
});
