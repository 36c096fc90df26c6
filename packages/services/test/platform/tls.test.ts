/** The certificates of a process: how their files are read, and where they are used. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ConfigurationError } from "../../dist/platform/configuration.js";
import { serveHealth } from "../../dist/platform/health.js";
import { openTls } from "../../dist/platform/tls.js";
import { readTlsFiles, type TlsFileSettings } from "../../dist/platform/tls-files.js";
import { createLocalAuthority, type LocalAuthority, writeCertificate } from "../../dist/stack/local-authority.js";
import { captureLog } from "../support/captured-log.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const TELEMETRY = new URL("../../dist/platform/telemetry.js", import.meta.url).href;

let authority: LocalAuthority;
let folder: string;
let settings: Required<TlsFileSettings>;
before(async () => {
  authority = await createLocalAuthority();
  folder = mkdtempSync(join(tmpdir(), "quittance-tls-"));
  const files = await writeCertificate(folder, "service", await authority.issue("service"), authority.ca);
  settings = { TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile, TLS_CA_FILE: files.caFile };
});
after(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs a program to its end. @returns its exit code and what it wrote. */
function run(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...args],
      { env: { PATH: process.env.PATH, ...environment }, timeout: 60_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, text: `${stdout}${stderr}` }),
    );
  });
}

describe("the files of certificates", () => {
  it("are named by the variable that is wrong, and by what is wrong", async () => {
    const { key: foreignKey } = await authority.issue("another");
    const nonsense = fileWith("nonsense", "nonsense");
    const away = join(folder, "away");
    const wrong: readonly [Partial<TlsFileSettings>, string | RegExp][] = [
      [{ TLS_CERT_FILE: undefined }, "TLS_CERT_FILE and TLS_KEY_FILE belong together"],
      [{ TLS_CERT_FILE: away }, `TLS_CERT_FILE: ${away} cannot be read (ENOENT)`],
      [{ TLS_CERT_FILE: nonsense }, `TLS_CERT_FILE: ${nonsense} holds no certificate in PEM`],
      [{ TLS_KEY_FILE: nonsense }, `TLS_KEY_FILE: ${nonsense} holds no private key in PEM`],
      [{ TLS_CA_FILE: nonsense }, `TLS_CA_FILE: ${nonsense} holds no certificate in PEM`],
      [{ TLS_KEY_FILE: fileWith("foreign.key", foreignKey) }, /TLS_KEY_FILE: the key in .*foreign.key does not belong/],
    ];
    for (const [changes, message] of wrong) {
      expect(() => readTlsFiles({ ...settings, ...changes })).to.throw(ConfigurationError, message);
    }
  });

  it("end the start of a service with exit code 2 when the key is not the certificate's", async () => {
    const { key } = await authority.issue("another");
    const { code, text } = await run([MAIN, "card-validation"], {
      BROKER_URL: "amqp://127.0.0.1:1",
      CARD_SEALING_KEYS: `a=${Buffer.alloc(32).toString("base64")}`,
      CARD_FINGERPRINT_KEYS: `a=${Buffer.alloc(32).toString("base64")}`,
      MESSAGE_KEYS: `client-bank=${Buffer.alloc(32).toString("base64")}`,
      ...settings,
      TLS_KEY_FILE: fileWith("other.key", key),
    });
    expect(text).to.contain("does not belong to the first certificate").and.contain("CN=service");
    expect(code).to.equal(2);
  });

  it("end the start of a service that would talk in plain text, with exit code 2, the hop and the remedy", async () => {
    const { code, text } = await run([MAIN, "card-validation"], {
      BROKER_URL: "amqp://user:secret@broker.example:5672",
      CARD_SEALING_KEYS: `a=${Buffer.alloc(32).toString("base64")}`,
      CARD_FINGERPRINT_KEYS: `a=${Buffer.alloc(32).toString("base64")}`,
      MESSAGE_KEYS: `client-bank=${Buffer.alloc(32).toString("base64")}`,
    });
    expect(text).to.contain("BROKER_URL talks to broker.example in plain text: begin it with amqps://");
    expect(text).to.contain("ALLOW_PLAINTEXT=broker").and.not.to.contain("secret");
    expect(code).to.equal(2);
  });

  it("tell when their certificates end, and that one has ended", async () => {
    const [notBefore, notAfter] = [new Date(Date.now() - 7_200_000), new Date(Date.now() - 3_600_000)];
    const expired = await authority.issue("old", { notBefore, notAfter });
    const files = await writeCertificate(folder, "old", expired, authority.ca);
    const log = captureLog();
    const tls = openTls({ settings: { TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile }, log: log.log });
    tls.close();
    expect(Math.abs((tls.expiries().own ?? 0) - notAfter.getTime())).to.be.lessThan(1_000);
    expect(log.text()).to.contain("a certificate has expired");
  });
});

describe("the health port with a certificate", () => {
  it("serves HTTPS, and asks for no certificate", async () => {
    const tls = openTls({ settings, log: captureLog().log });
    const health = await serveHealth({ host: "127.0.0.1", port: 0, checks: {}, tls });
    try {
      const call = request({ host: "localhost", port: health.port, path: "/readyz", ca: authority.ca, agent: false });
      call.end();
      const [response] = await once(call, "response");
      response.resume();
      expect(response.statusCode).to.equal(200);
      const plain = await fetch(`http://127.0.0.1:${health.port}/readyz`).then(
        () => "answered",
        () => "refused",
      );
      expect(plain).to.equal("refused");
    } finally {
      await health.close();
      tls.close();
    }
  });
});

describe("a collector with TLS", () => {
  const program = `const { startTelemetry } = await import(${JSON.stringify(TELEMETRY)});
    const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE } = process.env;
    const telemetry = await startTelemetry("tried", { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE });
    await telemetry.close().catch(() => undefined);`;

  /** The common names of those who exported metrics to a collector that asks for a certificate. */
  async function exporters(environment: NodeJS.ProcessEnv): Promise<string[]> {
    const { cert, key } = await authority.issue("collector");
    const seen: string[] = [];
    const collector = createServer({ cert, key, ca: authority.ca, requestCert: true }, (incoming, response) => {
      seen.push((incoming.socket as import("node:tls").TLSSocket).getPeerCertificate().subject.CN as string);
      incoming.resume().on("end", () => response.end());
    });
    await once(collector.listen(0, "127.0.0.1"), "listening");
    const { port } = collector.address() as AddressInfo;
    try {
      const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${port}`, OTEL_TRACES_EXPORTER: "none" };
      await run(["--input-type=module", "--eval", program], { ...endpoint, ...environment });
    } finally {
      collector.close();
    }
    return seen;
  }

  it("is known by TLS_CA_FILE, and knows the service by its certificate", async function telemetry() {
    this.timeout(60_000);
    expect(await exporters(settings)).to.include("service");
    const stranger = await createLocalAuthority("somebody else");
    expect(await exporters({ ...settings, TLS_CA_FILE: fileWith("stranger.crt", stranger.ca) })).to.deep.equal([]);
  });
});
