import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import { createLocalAuthority, writeCertificate } from "../../dist/stack/local-authority.js";
import { OptionsError } from "../../dist/stack/options.js";
import { requireBroker } from "../../dist/stack/reachable.js";

describe("A broker of the user's own with TLS", () => {
  const before = process.env.TLS_CA_FILE;
  afterEach(() => {
    if (before === undefined) delete process.env.TLS_CA_FILE;
    else process.env.TLS_CA_FILE = before;
  });

  it("is trusted by TLS_CA_FILE, and refused before anything starts without it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-named-servers-"));
    const authority = await createLocalAuthority();
    const certificate = await authority.issue("broker");
    const { caFile } = await writeCertificate(folder, "broker", certificate, authority.ca);
    await using broker = await startBroker({ tls: certificate });
    const urls = new Map([["the URL", `amqps://localhost:${broker.port}`]]);
    try {
      process.env.TLS_CA_FILE = caFile;
      await requireBroker(urls);
      delete process.env.TLS_CA_FILE;
      const problem = await requireBroker(urls).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(problem).to.be.instanceOf(OptionsError).with.property("message").that.contains("certificate");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
