import { execFile } from "node:child_process";
import { cpSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { CHANNELS } from "../../dist/shared/queue-map.js";
import { eventually } from "../support/eventually.js";
import { useStack } from "../support/stack-for-tests.js";

const run = promisify(execFile);
const SOURCES = fileURLToPath(new URL("../../test/artemis/java", import.meta.url));
/** Maven fetches the client the first time. */
const BUILD_TIMEOUT_MS = 300_000;

/** The queues, and for the topic a subscription's own queue; and who must stand still so that messages wait there. */
const PLACES = [
  { place: "payment", channel: CHANNELS.payment, held: "card-validation" },
  { place: "validation-result", channel: CHANNELS.validationResult, held: "client-bank" },
  { place: "bank-result", channel: CHANNELS.bankResult, held: "merchant-bank" },
  {
    place: "transaction-result::notification:global",
    channel: CHANNELS.transactionResult,
    held: "notification",
  },
] as const;

interface Seen {
  readonly kind: string;
  readonly priority: number;
  readonly mode: string;
  readonly replyTo: string;
  readonly json: { readonly paymentId?: string; readonly payment?: { readonly id: string } };
}

describe("Messages, as a Java JMS client of Artemis sees them", function () {
  this.timeout(120_000);
  const system = useStack();
  let folder: string;
  let classPath: string;

  before(async function buildWitness() {
    this.timeout(BUILD_TIMEOUT_MS);
    folder = mkdtempSync(join(tmpdir(), "quittance-java-"));
    cpSync(SOURCES, folder, { recursive: true });
    await run("mvn", ["-B", "-q", "package", "dependency:copy-dependencies", "-DoutputDirectory=target/lib"], {
      cwd: folder,
    });
    classPath = `${join(folder, "target/jms-witness-1.jar")}:${join(folder, "target/lib")}/*`;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const { place, channel, held } of PLACES) {
    it(`are durable text messages with JSON and priority ${channel.priority} on ${channel.address}`, async () => {
      const requestId = `java-${channel.address}`;
      const seen = await whileStopped(held, async () => {
        const payment = await system().pay({ requestId, wait: { seconds: 0n, nanos: 0 } });
        const [message] = await witness(place, 1);
        return { message, payment };
      });
      expect(seen.message).to.deep.include({ kind: "TextMessage", priority: channel.priority, mode: "PERSISTENT" });
      const { paymentId, payment } = seen.message?.json ?? {};
      expect(paymentId ?? payment?.id).to.equal(seen.payment.id);
      await eventually("the payment ends once everything runs", async () => {
        return (await system().read(seen.payment.id)).state === "PAYMENT_STATE_SUCCEEDED";
      });
    });
  }

  it("carry the gateway's reply queue as JMSReplyTo when a caller waits", async () => {
    let answer: ReturnType<ReturnType<typeof system>["pay"]> | undefined;
    const [message] = await whileStopped("card-validation", async () => {
      answer = system().pay({ requestId: "java-reply-to" });
      return witness("payment", 1);
    });
    expect(message?.replyTo).not.to.equal("null");
    await answer;
  });

  /** Does `work` while a service is down, so that messages wait for it, and starts it again. */
  async function whileStopped<T>(name: (typeof PLACES)[number]["held"], work: () => Promise<T>): Promise<T> {
    const resume = await system().stack.hold(name);
    try {
      return await work();
    } finally {
      await resume();
    }
  }

  async function witness(place: string, count: number): Promise<Seen[]> {
    const url = new URL(system().stack.auditorUrl);
    const { stdout } = await run("java", [
      "-cp",
      classPath,
      "quittance.JmsWitness",
      `amqp://${url.host}`,
      url.username,
      url.password,
      place,
      String(count),
    ]);
    return stdout
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [kind = "", priority, mode = "", , replyTo = "", text = ""] = line.split("\t");
        const json = JSON.parse(Buffer.from(text, "base64").toString()) as Seen["json"];
        return { kind, priority: Number(priority), mode, replyTo, json };
      });
  }
});
