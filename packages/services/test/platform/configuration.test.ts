import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import {
  ConfigurationError,
  commonConfiguration,
  databaseConfiguration,
  parseConfiguration,
  requireTls,
} from "../../dist/platform/configuration.js";

describe("variables in files", () => {
  const shape = { TOKEN: z.string().min(3), SIZE: z.coerce.number().default(1) };
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "quittance-files-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function fileWith(text: string): string {
    const path = join(folder, "value");
    writeFileSync(path, text);
    return path;
  }

  it("are read from where X_FILE says, without one newline at the end", () => {
    expect(parseConfiguration(shape, { TOKEN_FILE: fileWith("secret\n") }).TOKEN).to.equal("secret");
    expect(parseConfiguration(shape, { TOKEN_FILE: fileWith("two\n\n") }).TOKEN).to.equal("two\n");
    expect(parseConfiguration(shape, { TOKEN: "abc", SIZE_FILE: fileWith("7") }).SIZE).to.equal(7);
  });

  it("may not be set twice", () => {
    const both = { TOKEN: "secret", TOKEN_FILE: fileWith("secret") };
    expect(() => parseConfiguration(shape, both)).to.throw(ConfigurationError, "TOKEN and TOKEN_FILE are both set");
  });

  it("are missed when their file is, or is empty, and tell which one", () => {
    const away = join(folder, "away");
    expect(() => parseConfiguration(shape, { TOKEN_FILE: away })).to.throw(
      `TOKEN_FILE: ${away} cannot be read (ENOENT)`,
    );
    expect(() => parseConfiguration(shape, { TOKEN_FILE: fileWith("\n") })).to.throw(/TOKEN_FILE: .* is empty/);
  });

  it("are never repeated in what is said of them", () => {
    const wrong = { TOKEN_FILE: fileWith("ab") };
    expect(() => parseConfiguration(shape, wrong))
      .to.throw(ConfigurationError)
      .with.property("message")
      .not.match(/\bab\b/);
  });
});

describe("plain text that would leave the machine", () => {
  const shape = {
    ...commonConfiguration,
    BROKER_AUDITOR_URL: commonConfiguration.BROKER_URL.optional(),
    DATABASE_URL: databaseConfiguration.DATABASE_URL.optional(),
    DATABASE_ADMIN_URL: databaseConfiguration.DATABASE_URL.optional(),
  };

  function settingsOf(environment: NodeJS.ProcessEnv) {
    return parseConfiguration(shape, { BROKER_URL: "amqps://broker", ...environment });
  }

  async function refusal(environment: NodeJS.ProcessEnv): Promise<string> {
    const settings = settingsOf(environment);
    try {
      await requireTls({ ...settings, GRPC_PORT: 0, HTTP_PORT: 0 }, environment);
      return "";
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigurationError);
      return (error as Error).message;
    }
  }

  const REFUSED: readonly [hop: string, NodeJS.ProcessEnv][] = [
    ["broker", { BROKER_URL: "amqp://user:secret@broker.example" }],
    ["broker", { BROKER_URL: "amqps://one.example,amqp://two.example" }],
    ["broker", { BROKER_AUDITOR_URL: "amqp://auditor:secret@broker.example" }],
    ["database", { DATABASE_URL: "postgres://role:secret@db.example/quittance" }],
    ["database", { DATABASE_ADMIN_URL: "postgres://admin:secret@db.example/quittance" }],
    ["database", { DATABASE_URL: "postgres://role:secret@db.example/quittance?sslmode=disable" }],
    ["database", { DATABASE_URL: "postgres://role:secret@127.0.0.1/quittance?host=db.example" }],
    ["telemetry", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example:4318" }],
    ["telemetry", { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "collector.example:4317" }],
  ];
  for (const [hop, environment] of REFUSED) {
    it(`is refused to ${hop}: ${Object.entries(environment)}`, async () => {
      const message = await refusal(environment);
      expect(message).to.contain(`ALLOW_PLAINTEXT=${hop}`).and.contain("in plain text");
      expect(message).to.contain(`  ${Object.keys(environment)[0]} talks to `);
      expect(message).not.to.contain("secret");
      expect(await refusal({ ...environment, ALLOW_PLAINTEXT: `health, ${hop}` })).to.equal("");
    });
  }

  it("is refused at each door, and TLS is the remedy", async () => {
    const everywhere = { LISTEN_HOST: "0.0.0.0" };
    const message = await refusal(everywhere);
    for (const hop of ["grpc", "http", "health"]) expect(message).to.contain(`serves ${hop} in plain text`);
    expect(await refusal({ ...everywhere, ALLOW_PLAINTEXT: "grpc,health" }))
      .to.match(/serves http /)
      .and.not.match(/serves grpc /);
    expect(await refusal({ ...everywhere, TLS_CERT_FILE: "/tls.crt", TLS_KEY_FILE: "/tls.key" })).to.equal("");
  });

  it("may go to this machine itself", async () => {
    for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"]) {
      const environment = {
        BROKER_URL: `amqp://user:secret@${host}`,
        DATABASE_URL: `postgres://role:secret@${host}/quittance`,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}:4318`,
        LISTEN_HOST: host,
      };
      expect(await refusal(environment), host).to.equal("");
    }
    expect(await refusal({ DATABASE_URL: "postgres://role@/quittance?host=/var/run/postgresql" })).to.equal("");
  });

  it("is not taken for another hop's, nor a misspelt hop for one", async () => {
    const allowed = { BROKER_URL: "amqp://broker.example", ALLOW_PLAINTEXT: "database" };
    expect(await refusal(allowed)).to.contain("BROKER_URL");
    expect(() => settingsOf({ ALLOW_PLAINTEXT: "brocker" })).to.throw("names brocker: the hops are broker, database");
  });

  it("is not half refused: other modes of sslmode, which look at no certificate, are no TLS of ours", () => {
    for (const parameters of ["sslmode=require", "sslmode=no-verify", "ssl=true", "sslmode=verify-full&sslkey=/x"]) {
      expect(
        () => settingsOf({ DATABASE_URL: `postgres://role@db.example/quittance?${parameters}` }),
        parameters,
      ).to.throw("DATABASE_URL");
    }
  });
});
