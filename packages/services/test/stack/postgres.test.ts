import { existsSync } from "node:fs";
import { expect } from "chai";
import pg from "pg";
import { startGuardian } from "../../dist/stack/guardian.js";
import { startPostgres } from "../../dist/stack/postgres.js";
import { postgresUser } from "../../dist/stack/postgres-binaries.js";

async function ask<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error("It succeeded.");
}

describe("The embedded PostgreSQL", function () {
  this.timeout(60_000);
  const guardian = startGuardian();
  after(() => guardian.close());

  it("keeps fsync and synchronous commits on, and speaks only to those who know the password", async () => {
    const server = await startPostgres({ guardian });
    try {
      const [settings] = await ask<Record<string, string>>(
        server.url,
        "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits, current_setting('server_encoding') AS encoding",
      );
      expect(settings).to.deep.equal({ fsync: "on", commits: "on", encoding: "UTF8" });
      const stranger = new URL(server.url);
      stranger.password = "guess";
      expect(await failureOf(ask(stranger.href, "SELECT 1"))).to.have.property("code", "28P01");
    } finally {
      await server.stop();
    }
  });

  it("runs as nobody when we are root, and leaves no folder behind", async () => {
    const user = await postgresUser();
    if (process.getuid?.() === 0) expect(user?.uid).to.be.greaterThan(0);
    const server = await startPostgres({ guardian });
    const { folder } = server;
    expect(existsSync(folder)).to.equal(true);
    await server.stop();
    expect(existsSync(folder)).to.equal(false);
  });

  it("has every committed row after a kill -9 and a restart on the same port", async () => {
    const server = await startPostgres({ guardian });
    try {
      await ask(server.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
      const { pid } = server;
      process.kill(pid, "SIGKILL");
      expect((await server.exited).signal).to.equal("SIGKILL");
      await restartUntilItRuns(server.restart);
      expect(server.pid).not.to.equal(pid);
      const [row] = await ask<{ count: string }>(server.url, "SELECT count(*)::text AS count FROM kept");
      expect(row?.count).to.equal("1000");
    } finally {
      await server.stop();
    }
  });
});

/** The dead server's own processes hold its shared memory for a moment, during which a new one refuses to start. */
async function restartUntilItRuns(restart: () => Promise<void>): Promise<void> {
  const bound = Date.now() + 20_000;
  for (;;) {
    try {
      return await restart();
    } catch (error) {
      if (Date.now() > bound) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
