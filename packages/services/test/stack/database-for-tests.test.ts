import { expect } from "chai";
import pg from "pg";
import { createTestDatabase, leaveEmpty, type RolePasswords, useDatabase } from "../support/database-for-tests.js";

let preparations = 0;

async function prepare(url: string): Promise<RolePasswords> {
  preparations += 1;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("CREATE ROLE shelf_reader LOGIN PASSWORD 'secret'");
  await client.query("CREATE TABLE shelf (book text); INSERT INTO shelf VALUES ('prepared')");
  await client.query("GRANT SELECT ON shelf TO shelf_reader");
  await client.end();
  return { shelf_reader: "secret" };
}

describe("A database for a test file", function () {
  this.timeout(60_000);
  const database = useDatabase({ prepare });

  it("is a clone of the prepared template that others do not see", async () => {
    const other = await createTestDatabase({ prepare });
    await database().query("INSERT INTO shelf VALUES ('mine')");
    expect(await database().query("SELECT book FROM shelf ORDER BY book")).to.deep.equal([
      { book: "mine" },
      { book: "prepared" },
    ]);
    expect(await other.query("SELECT book FROM shelf")).to.deep.equal([{ book: "prepared" }]);
    await other.drop();
    expect(preparations).to.equal(1);
  });

  it("lets a role in with its own rights", async () => {
    const client = new pg.Client({ connectionString: database().urlOf("shelf_reader") });
    await client.connect();
    expect((await client.query("SELECT book FROM shelf")).rows).to.have.length.greaterThan(0);
    const refused = await client.query("INSERT INTO shelf VALUES ('no')").catch((error: unknown) => error);
    expect(refused).to.have.property("code", "42501");
    await client.end();
  });

  it("is migrated unless it is told otherwise", async () => {
    const migrated = await createTestDatabase();
    const client = new pg.Client({ connectionString: migrated.urlOf("client_bank") });
    await client.connect();
    expect((await client.query("SELECT current_setting('enable_seqscan') AS scans")).rows).to.deep.equal([
      { scans: "off" },
    ]);
    await client.end();
    await migrated.drop();
  });

  it("reports connections that the tests left open", async () => {
    const other = await createTestDatabase({ prepare: leaveEmpty });
    const client = new pg.Client({ connectionString: other.url, application_name: "forgotten" });
    client.on("error", () => undefined);
    await client.connect();
    const failure = await other.drop().catch((error: unknown) => error);
    expect(failure).to.have.property("message").that.contains("forgotten");
    await client.end().catch(() => undefined);
  });
});
