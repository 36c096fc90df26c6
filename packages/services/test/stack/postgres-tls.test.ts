/** PostgreSQL with TLS, as a service talks to it: sslmode=verify-full. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openDatabase } from "../../dist/platform/database.js";
import { openTls } from "../../dist/platform/tls.js";
import { createLocalAuthority, type LocalAuthority, writeCertificate } from "../../dist/stack/local-authority.js";
import { type PostgresServer, startPostgres } from "../../dist/stack/postgres.js";
import { captureLog } from "../support/captured-log.js";
import { testGuardian } from "../support/database-for-tests.js";

describe("a database with sslmode=verify-full", () => {
  let server: PostgresServer;
  let stranger: LocalAuthority;
  let folder: string;
  let caFile: string;
  before(async function startServer() {
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), "quittance-postgres-tls-"));
    const authority = await createLocalAuthority();
    const certificate = await authority.issue("database", { names: [{ type: "ip", value: "127.0.0.1" }] });
    caFile = (await writeCertificate(folder, "database", certificate, authority.ca)).caFile;
    stranger = await createLocalAuthority("somebody else");
    const certificates = { caFile, textOf: () => certificate };
    server = await startPostgres({ guardian: testGuardian(), certificates });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the server says of the connection's TLS, or why there is none. */
  async function encryption(changes: Readonly<Record<string, string | undefined>>, ca = caFile, host = "127.0.0.1") {
    const url = new URL(server.url);
    url.hostname = host;
    url.searchParams.delete("sslrootcert");
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    const log = captureLog().log;
    const tls = openTls({ settings: { TLS_CA_FILE: ca }, log });
    const database = openDatabase({ url: url.href, poolSize: 1, service: "tried", log, tls });
    try {
      const { rows } = await database.autoCommit((client) =>
        client.query<{ version: string }>("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
      );
      return rows[0]?.version;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await database.close();
      tls.close();
    }
  }

  it("is talked to with TLS, by the address in its certificate", async () => {
    expect(await encryption({})).to.equal("TLSv1.3");
  });

  it("takes the authority from the URL, where that names one", async () => {
    expect(await encryption({ sslrootcert: caFile }, join(folder, "database.crt"))).to.equal("TLSv1.3");
  });

  it("is not talked to when another authority is trusted", async () => {
    const { caFile: wrong } = await writeCertificate(
      join(folder, "strange"),
      "x",
      await stranger.issue("x"),
      stranger.ca,
    );
    expect(await encryption({}, wrong)).to.match(/unable to verify|self-signed|unable to get/);
  });

  it("is not talked to when its certificate bears another name", async () => {
    expect(await encryption({}, caFile, "localhost")).to.contain("Host: localhost. is not ");
  });

  it("takes nobody in plain text", async () => {
    expect(await encryption({ sslmode: "disable" })).to.match(/no encryption|no pg_hba.conf entry/);
  });
});
