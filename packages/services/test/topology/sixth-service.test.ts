import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect, MessagingError, queue, topic } from "@quittance/sdk";
import { expect } from "chai";
import pg from "pg";
import type * as BrokerConfiguration from "../../dist/operator/broker-configuration.js";
import type * as Migrate from "../../dist/operator/migrate.js";
import type * as QueueMapTable from "../../dist/operator/queue-map-table.js";
import type * as MessageKinds from "../../dist/shared/message-kinds.js";
import type * as GuardianModule from "../../dist/stack/guardian.js";
import type * as ServiceTable from "../../dist/stack/service-table.js";
import type * as StackModule from "../../dist/stack/stack.js";
import type * as Arrows from "../../dist/topology/arrows.js";
import type { ServiceName } from "../../dist/topology/system-table.js";
import { eventually } from "../support/eventually.js";
import { GOOD_CARD, TEST_BROKER } from "../support/stack-for-tests.js";
import { type SixthServiceSystem, systemWithASixthService } from "./system-with-a-sixth-service.js";

/** This checkout knows no such service; the copy does. */
const SIXTH = "receipt-archive" as ServiceName;

describe("A sixth service, which is a folder and a row", function () {
  this.timeout(180_000);
  let system: SixthServiceSystem;

  before(async () => {
    system = await systemWithASixthService();
  });

  after(() => system?.remove());

  it("has a user of the broker that may read its subscription, set aside what it reads, and nothing else", async () => {
    const { artemisBrokerXml } = await system.load<typeof BrokerConfiguration>("operator/broker-configuration.js");
    const xml = artemisBrokerXml({ acceptor: "tcp://0.0.0.0:5672?protocols=AMQP" });
    expect(xml).to.contain('<queue name="receipt-archive:global"><filter string="final = TRUE"/></queue>');
    const rights = [...xml.matchAll(/<security-setting match="([^"]+)">([\s\S]*?)<\/security-setting>/g)].flatMap(
      ([, match, body = ""]) =>
        [...body.matchAll(/type="(\w+)" roles="([^"]*)"/g)]
          .filter(([, , roles = ""]) => roles.split(",").includes(SIXTH))
          .map(([, right]) => `${right} ${match}`),
    );
    expect(rights).to.have.members([
      "consume transaction-result.receipt-archive:global",
      "send dead-letter.transaction-result",
    ]);
  });

  it("has a database role, arrows to broker and database alone, and a line in the queue map", async () => {
    const { DATABASE_ROLES } = await system.load<typeof Migrate>("operator/migrate.js");
    expect(DATABASE_ROLES).to.include("receipt_archive");
    const { ARROWS, PARTS } = await system.load<typeof Arrows>("topology/arrows.js");
    expect(PARTS).to.include(SIXTH);
    const arrows = ARROWS.filter(({ from, to }) => from === SIXTH || to === SIXTH);
    expect(arrows.map(({ from, to }) => `${from} -> ${to}`)).to.have.members([
      "receipt-archive -> broker",
      "receipt-archive -> database",
    ]);
    const { queueMapTable } = await system.load<typeof QueueMapTable>("operator/queue-map-table.js");
    expect(queueMapTable()).to.contain("receipt-archive (shared durable `receipt-archive`, where `final = TRUE`)");
  });

  it("shares a key with client-bank alone, which signs its ends for both of its readers", async () => {
    const { MESSAGE_KINDS, neighboursOf } = await system.load<typeof MessageKinds>("shared/message-kinds.js");
    expect(MESSAGE_KINDS["payment-end"].readers).to.deep.equal(["notification", SIXTH]);
    expect(neighboursOf(SIXTH)).to.deep.equal(["client-bank"]);
    expect(neighboursOf("client-bank")).to.include(SIXTH);
    const { messageKeysOf } = await system.load<typeof ServiceTable>("stack/service-table.js");
    const secret = Buffer.alloc(32, 1).toString("base64");
    const keyOf = (service: ServiceName, neighbour: string) =>
      messageKeysOf(service, secret)
        .split(",")
        .find((pair) => pair.startsWith(`${neighbour}=`))
        ?.slice(neighbour.length + 1);
    expect(keyOf(SIXTH, "client-bank")).to.be.a("string").and.to.equal(keyOf("client-bank", SIXTH));
    expect(keyOf("client-bank", "notification")).not.to.equal(keyOf("client-bank", SIXTH));
  });

  it("is a program of the image", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [system.path("main.js"), "--help"], { env: {} });
    expect(stdout).to.match(/^ {2}receipt-archive +keeps how each payment ended \(step 6\)$/m);
  });

  describe("in a stack", () => {
    let stack: StackModule.Stack;
    let database: pg.Client;
    let folder: string;
    const urls: string[] = [];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "quittance-sixth-stack-"));
      const { startStack } = await system.load<typeof StackModule>("stack/stack.js");
      const { startGuardian } = await system.load<typeof GuardianModule>("stack/guardian.js");
      stack = await startStack({
        broker: TEST_BROKER,
        database: "embedded",
        grpcPort: 0,
        httpPort: 0,
        guardian: startGuardian(),
        keysFile: join(folder, "keys.json"),
        route: async (service, url) => {
          if (service === SIXTH) urls.push(url);
          return url;
        },
      });
      database = new pg.Client(stack.databaseUrl);
      await database.connect();
    });

    after(async () => {
      await database?.end();
      await stack?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function pay(
      requestId: string,
      minorUnits: string,
    ): Promise<{ readonly id: string; readonly state: string }> {
      const response = await fetch(`http://127.0.0.1:${stack.httpPort}/v1/payments`, {
        method: "POST",
        headers: { authorization: `Bearer ${await stack.tokenOf("m-0001")}`, "content-type": "application/json" },
        body: JSON.stringify({
          requestId,
          card: GOOD_CARD,
          amount: { currencyCode: "EUR", minorUnits },
          description: "",
          wait: "30s",
        }),
      });
      const { payment } = (await response.json()) as { payment: { id: string; state: string } };
      return payment;
    }

    const archived = async () =>
      (await database.query("SELECT payment_id AS id, state FROM receipt_archive.receipts ORDER BY 1")).rows;

    it("archives how every payment ended, once, although it is killed meanwhile", async () => {
      const payments = await Promise.all([1, 2, 3].map((place) => pay(`sixth-before-${place}`, "1250")));
      payments.push(await pay("sixth-too-much", "999999999"));
      const victim = stack.services().find(({ name }) => name === SIXTH);
      process.kill(victim?.pid ?? Number.NaN, "SIGKILL");
      payments.push(...(await Promise.all([1, 2, 3].map((place) => pay(`sixth-after-${place}`, "1250")))));
      await eventually("every end is archived", async () => (await archived()).length === payments.length);
      const ends = payments.map(({ id, state }) => ({ id, state: state.replace("PAYMENT_STATE_", "") }));
      expect(new Set(ends.map(({ state }) => state))).to.deep.equal(new Set(["SUCCEEDED", "DECLINED"]));
      expect(await archived()).to.have.deep.members(ends);
    });

    it("is ready, says so on a port of its own, and comes back after it was killed", async () => {
      const ready = await eventually("it is ready again", async () => {
        const service = stack.services().find(({ name }) => name === SIXTH);
        const response = await fetch(`http://127.0.0.1:${service?.healthPort}/readyz`).catch(() => undefined);
        return response?.status === 200 && response;
      });
      expect(await ready.json()).to.deep.equal({ status: "ok" });
    });

    it("can neither write to the cycle nor read another's subscription or schema", async () => {
      const [brokerUrl = "", databaseUrl = ""] = urls;
      const connection = await connect(brokerUrl);
      const refused = [
        () => connection.createProducer(topic("transaction-result")),
        () => connection.createProducer(queue("payment")),
        () => connection.createConsumer(queue("bank-result")),
        () =>
          connection.createConsumer(topic("transaction-result"), {
            subscription: { name: "notification", durable: true, shared: true },
          }),
      ];
      for (const attempt of refused) {
        const error = await attempt().catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(MessagingError).with.property("code", "not-authorized");
      }
      await connection.close();
      const client = new pg.Client(databaseUrl);
      await client.connect();
      const error = await client.query("SELECT FROM client_bank.payments").catch((reason: unknown) => reason);
      expect(error).to.have.property("code", "42501");
      await client.end();
    });
  });
});
