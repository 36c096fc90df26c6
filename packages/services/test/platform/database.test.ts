import { expect } from "chai";
import { openDatabase } from "../../dist/platform/database.js";
import { startPostgres } from "../../dist/stack/postgres.js";
import { captureLog } from "../support/captured-log.js";
import { testGuardian } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";

describe("A service's database", function () {
  this.timeout(60_000);

  it("is found to be back without any work, for an instance that is not ready may be given none", async () => {
    const server = await startPostgres({ guardian: testGuardian() });
    const database = openDatabase({ url: server.url, poolSize: 1, service: "back", log: captureLog().log });
    try {
      const ask = () => database.autoCommit((session) => session.query("SELECT 1"));
      await ask();
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      await ask().then(
        () => expect.fail("the statement did not notice that the server is gone"),
        () => undefined,
      );
      expect(database.problem()).to.be.a("string");
      await server.restart();
      await eventually("nothing is wrong with the database", () => database.problem() === undefined, 15_000);
    } finally {
      await database.close();
      await server.stop();
    }
  });
});
