import { expect } from "chai";
import pg from "pg";
import { databaseUrls, NoWritableHostError, WritableHost } from "../../dist/platform/database-hosts.js";
import { useDatabase } from "../support/database-for-tests.js";

describe("A database on several hosts", function () {
  this.timeout(60_000);
  const database = useDatabase();

  it("is named as libpq reads it, one URL for each host with user, port, name and parameters", () => {
    const rest = "/system?sslmode=verify-full";
    expect(databaseUrls(`postgres://a:b@one:5432,two:5433${rest}&target_session_attrs=read-write`)).to.deep.equal([
      `postgres://a:b@one:5432${rest}`,
      `postgres://a:b@two:5433${rest}`,
    ]);
    expect(databaseUrls("postgres://a:b@one,two/system?target_session_attrs=read-write")).to.deep.equal([
      "postgres://a:b@one/system",
      "postgres://a:b@two/system",
    ]);
    for (const one of ["postgres://a:b@one:5432/system", "postgres:///system?host=/tmp", `postgresql://one${rest}`]) {
      expect(databaseUrls(one)).to.deep.equal([one]);
    }
  });

  it("is used at the host that takes writes, and at no other while it does", async () => {
    await withHosts(["-c default_transaction_read_only=on", ""], async (host, made) => {
      for (let turn = 0; turn < 3; turn += 1) (await host.connect()).release();
      expect(made, "the standby is asked once").to.deep.equal([1, 1]);
    });
  });

  it("is away with the reason of a host that cannot be reached, or because none takes writes", async () => {
    await withHosts(["-c default_transaction_read_only=on", "-c default_transaction_read_only=on"], async (host) => {
      const failure = await host.connect().catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(NoWritableHostError);
      expect(failure).to.include({ code: "25006" });
    });
    await withHosts(["-c default_transaction_read_only=on"], async (_host, _made, [standby]) => {
      const away = new pg.Pool({ connectionString: "postgres://nobody@127.0.0.1:1/none" });
      const host = new WritableHost([away, standby as pg.Pool]);
      expect(await host.connect().catch((error: unknown) => error)).to.include({ code: "ECONNREFUSED" });
      await away.end();
    });
  });

  /** Hosts that are sessions of one server, with settings that make them read-only as a standby's are. */
  async function withHosts(
    settings: readonly string[],
    work: (host: WritableHost, made: readonly number[], pools: readonly pg.Pool[]) => Promise<void>,
  ): Promise<void> {
    const made = settings.map(() => 0);
    const pools = settings.map((options, place) => {
      const pool = new pg.Pool({ connectionString: database().url, options });
      pool.on("connect", () => {
        made[place] = (made[place] ?? 0) + 1;
      });
      return pool;
    });
    const host = new WritableHost(pools);
    await work(host, made, pools).finally(() => host.end());
  }
});
