import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const DIST = new URL("../../dist/", import.meta.url);

/** The packages that a process has loaded once it could start this. */
function packagesOf(...modules: string[]): Set<string> {
  const imports = ["platform/run-service.js", ...modules].map((module) => `await import("${new URL(module, DIST)}");`);
  const script = `
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    ${imports.join("\n")}
    process.stdout.write(urls.join("\\n"));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: fileURLToPath(DIST),
    encoding: "utf8",
  });
  return new Set(output.matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g).map(([, name = ""]) => name));
}

describe("A gateway that starts", () => {
  it("loads no database driver, which it never uses; a bank does", () => {
    const gateway = packagesOf("gateway/configuration.js", "gateway/start-gateway.js");
    expect([...gateway]).to.include.members(["fastify", "@grpc/grpc-js", "zod"]);
    expect([...gateway]).not.to.include("pg");
    expect([...packagesOf("platform/database.js")]).to.include("pg");
  });
});
