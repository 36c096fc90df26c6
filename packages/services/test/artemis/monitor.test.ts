import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, queue } from "@quittance/sdk";
import { expect } from "chai";
import { MANAGEMENT_ADDRESS, MANAGEMENT_REPLIES } from "../../dist/operator/broker-configuration.js";
import { ArtemisManagement } from "../../dist/operator/monitor/artemis-figures.js";
import { WATCHED_QUEUES } from "../../dist/operator/monitor/observe-queues.js";
import { BROKER_USERS, type BrokerUserName, CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import { type Artemis, startArtemis } from "../../dist/stack/artemis.js";

const PASSWORD = "of-tests";

describe("What the monitor asks of Artemis", function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), "quittance-monitor-"));
  let artemis: Artemis;
  let auditor: Connection;

  const connectAs = (user: BrokerUserName) => connect(artemis.url.replace("//", `//${user}:${PASSWORD}@`));

  before(async () => {
    const passwords = Object.fromEntries(BROKER_USERS.map((user) => [user, PASSWORD])) as Record<
      BrokerUserName,
      string
    >;
    artemis = await startArtemis({ directory, passwords });
    auditor = await connectAs("auditor");
  });
  after(async () => {
    await auditor?.close();
    await artemis?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("is told: depth, consumers and oldest age of every queue of the map, and the disk", async () => {
    await using gateway = await connectAs("gateway");
    await using producer = await gateway.createProducer(destinationOf(CHANNELS.payment));
    for (const text of ["one", "two"]) await producer.send({ text });
    await using bank = await connectAs("client-bank");
    await using _consumer = await bank.createConsumer(destinationOf(CHANNELS.validationResult));
    const management = await ArtemisManagement.open(auditor);
    const { queues, diskUsed } = await management.figures(WATCHED_QUEUES);
    await management.close();
    expect(queues.map(({ queue: name }) => name.replace(":global", ""))).to.have.members(WATCHED_QUEUES);
    const payment = queues.find(({ queue: name }) => name === "payment");
    expect(payment).to.include({ messages: 2, consumers: 0 });
    expect(payment?.oldestAgeMs).to.be.within(0, 120_000);
    expect(queues.find(({ queue: name }) => name === "validation-result")).to.include({ messages: 0, consumers: 1 });
    expect(diskUsed).to.be.within(0, 1);
  });

  it("is told to whoever asked: a monitor and consoles ask at the same time", async () => {
    const askers = await Promise.all([1, 2, 3].map(() => ArtemisManagement.open(auditor)));
    for (let round = 0; round < 5; round += 1) {
      const told = await Promise.all(askers.map((asker) => asker.figures(WATCHED_QUEUES)));
      expect(told.map(({ queues }) => queues.length)).to.deep.equal(askers.map(() => WATCHED_QUEUES.length));
    }
    await Promise.all(askers.map((asker) => asker.close()));
  });

  it("is refused what would change something, and others are refused all of it", async () => {
    await using replies = await auditor.createConsumer(queue(MANAGEMENT_REPLIES));
    await using producer = await auditor.createProducer(queue(MANAGEMENT_ADDRESS), { deliveryMode: "non-persistent" });
    for (const [resource, operation] of [
      ["queue.payment", "removeAllMessages"],
      ["queue.payment", "pause"],
      ["broker", "forceFailover"],
      ["queue.payment", "browse"],
    ] as const) {
      await producer.send({
        text: "[]",
        replyTo: queue(MANAGEMENT_REPLIES),
        properties: { _AMQ_ResourceName: resource, _AMQ_OperationName: operation },
      });
      const reply = await replies.receive({ timeoutMs: 10_000 });
      reply?.accept();
      expect(reply?.properties._AMQ_OperationSucceeded, operation).to.equal(false);
      expect(reply?.text, operation).to.contain("AMQ229032");
    }
    for (const user of BROKER_USERS.filter((name) => name !== "auditor")) {
      await using connection = await connectAs(user);
      const refused = await connection
        .createProducer(queue(MANAGEMENT_ADDRESS))
        .then(
          (made) => made.send({ text: "[]", properties: { _AMQ_ResourceName: "broker" } }),
          (error: unknown) => Promise.reject(error),
        )
        .then(
          () => undefined,
          (error: { readonly code?: string }) => error.code,
        );
      expect(refused, user).to.equal("not-authorized");
    }
  });
});
