import { expect } from "chai";
import { EventHousekeeping } from "../../../dist/notification/webhook/event-housekeeping.js";
import { SecretSeal } from "../../../dist/notification/webhook/secret-seal.js";
import { type Database, openDatabase } from "../../../dist/platform/database.js";
import { KeyRing } from "../../../dist/platform/key-ring.js";
import { captureLog } from "../../support/captured-log.js";
import { useDatabase } from "../../support/database-for-tests.js";
import { merchantOf, recordPayments, SEALING_KEYS } from "./endpoints.js";

describe("EventHousekeeping", function () {
  this.timeout(30_000);
  const testDatabase = useDatabase();
  const { log } = captureLog();
  let database: Database;

  before(() => {
    const url = testDatabase().urlOf("notification");
    database = openDatabase({ url, poolSize: 2, service: "housekeeping-test", log });
  });
  after(() => database.close());

  async function once(seal = new SecretSeal(SEALING_KEYS)): Promise<void> {
    const housekeeping = new EventHousekeeping({ database, seal, log });
    await housekeeping.run();
    await housekeeping.stop();
  }

  const countOf = async (table: string) => {
    const [row] = await testDatabase().query<{ count: number }>(
      `SELECT count(*)::int AS count FROM notification.${table}`,
    );
    return row?.count;
  };

  it("deletes events that are older than 30 days, with their deliveries, and no others", async () => {
    await merchantOf("m-1", { database }).create({});
    const { events } = await recordPayments(database, "m-1", 1_500);
    const [kept] = events;
    await testDatabase().query(
      `UPDATE notification.events SET create_time = now() - CASE id WHEN $1 THEN interval '29 days' ELSE interval '31 days' END`,
      [kept?.id],
    );
    await once();
    expect(await testDatabase().query("SELECT id FROM notification.events")).to.deep.equal([{ id: kept?.id }]);
    expect(await countOf("webhook_deliveries")).to.equal(1);
    expect(await countOf("notifications"), "the log of notifications stays").to.equal(1_500);
  });

  it("gives up what waits for an endpoint that was deleted", async () => {
    const { webhookEndpoint } = await merchantOf("m-2", { database }).create({});
    const { events } = await recordPayments(database, "m-2", 1);
    await merchantOf("m-2", { database }).delete(webhookEndpoint?.id ?? "");
    await once();
    const { deliveries } = await merchantOf("m-2", { database }).event(events[0]?.id ?? "");
    expect(deliveries.map(({ state }) => state)).to.deep.equal([4]);
  });

  it("seals secrets again with the first key, so that the former one is needed no more", async () => {
    const { webhookEndpoint } = await merchantOf("m-3", { database }).create({});
    const id = webhookEndpoint?.id ?? "";
    const sealed = async () => {
      const [row] = await testDatabase().query<{ sealed: string; key_id: string }>(
        "SELECT sealed, key_id FROM notification.webhook_secrets WHERE endpoint_id = $1",
        [id],
      );
      return row ?? { sealed: "", key_id: "" };
    };
    const before = await new SecretSeal(SEALING_KEYS).open((await sealed()).sealed, id);
    const next = { id: "next", bytes: new Uint8Array(32).fill(11) };
    await once(new SecretSeal(new KeyRing([next, ...SEALING_KEYS.all])));
    const { sealed: after, key_id: keyId } = await sealed();
    expect(keyId).to.equal("next");
    expect(Buffer.from(await new SecretSeal(new KeyRing([next])).open(after, id))).to.deep.equal(Buffer.from(before));
  });
});
