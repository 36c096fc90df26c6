import { mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@quittance/sdk";
import { expect } from "chai";
import { brokerProblem } from "../../dist/platform/broker-problem.js";
import { BROKER_USERS, type BrokerUserName, CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import { type Artemis, startArtemis } from "../../dist/stack/artemis.js";
import { eventually } from "../support/eventually.js";

const PASSWORD = "of-tests";
const BOUND_MS = 60_000;

describe("Artemis with an address that is full and blocks", function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), "quittance-blocks-"));
  const configuration = join(directory, "etc/broker.xml");
  let artemis: Artemis;

  before(async () => {
    const passwords = Object.fromEntries(BROKER_USERS.map((user) => [user, PASSWORD])) as Record<
      BrokerUserName,
      string
    >;
    artemis = await startArtemis({ directory, passwords });
  });
  after(async () => {
    await artemis?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("is not ready for who sends there, with that reason, until there is room", async () => {
    await using connection = await connect(artemis.url.replace("//", `//gateway:${PASSWORD}@`));
    await using producer = await connection.createProducer(destinationOf(CHANNELS.payment));
    await producer.send({ text: "a message" });
    expect(brokerProblem(connection)).to.equal(undefined);

    const original = await readFile(configuration, "utf8");
    await writeFile(
      configuration,
      original
        .replaceAll(/<max-size-bytes>\d+</g, "<max-size-bytes>12000<")
        .replaceAll("<address-full-policy>PAGE<", "<address-full-policy>BLOCK<"),
    );
    // Credit that was given before the address was full is used up first.
    const reason = await eventually(
      "the broker blocks",
      () => {
        for (let n = producer.pending; n < 500; n += 1) producer.send({ text: "a message" }).catch(() => undefined);
        return brokerProblem(connection);
      },
      BOUND_MS,
    );
    expect(reason).to.match(/^blocks: it takes no messages for payment for \d+ s/);

    await writeFile(configuration, original);
    await eventually("there is room", () => brokerProblem(connection) === undefined, BOUND_MS);
    await producer.send({ text: "another" });
  });
});
