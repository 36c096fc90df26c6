import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../../dist/client-bank/step-5b-finish.js";
import { settlePayments } from "../../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds } from "../../../dist/merchant-bank/step-r2-debit.js";
import { bankResultMessage, type ValidationResultMessage } from "../../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../../../dist/shared/queue-map.js";
import { eventually } from "../../support/eventually.js";
import { useSystemBroker } from "../../support/system-broker.js";
import {
  bankResult,
  nextPaymentId,
  refundOf,
  someClient,
  transactionResult,
  useBanks,
  validationResult,
} from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

interface Told {
  readonly timeline: readonly {
    readonly step: string;
    readonly decision: string;
    readonly entries: readonly unknown[];
  }[];
  readonly hanging: readonly {
    readonly step: string;
    readonly service: string;
    readonly since: string | null;
    readonly why: string;
  }[];
  readonly unready: Readonly<Record<string, string>>;
  readonly traceId: string | null;
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";

describe("explain", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const broker = useSystemBroker();

  const explain = (...args: string[]) => runCommand(["explain", ...args], { DATABASE_URL: banks().superuser.url });
  async function told(id: string): Promise<Told & { readonly code: number }> {
    const { code, out } = await explain(id, "--json");
    return { code, ...(JSON.parse(out) as Told) };
  }

  const capture = (message: ValidationResultMessage) =>
    banks().clientBank.transaction((transaction) => capturePayments(transaction, [message], Date.now));
  const settle = (message: ValidationResultMessage) =>
    banks().merchantBank.transaction((transaction) => settlePayments(transaction, [bankResult(message)], Date.now));
  const finish = (message: ValidationResultMessage, changed = {}) =>
    banks().clientBank.transaction((transaction) =>
      finishCycle(transaction, [transactionResult(message, changed)], Date.now),
    );
  const notify = (id: string, state: "sent" | "failed") =>
    banks().superuser.query(
      `INSERT INTO notification.notifications (payment_id, template_name, channel, language, template_version, subject,
         body, trace_id, state, attempts, next_attempt_time, last_error, sent_time)
       VALUES ($1, 'payment-succeeded', 'webhook', 'en', 1, 's', 'b', $2, $3, 2,
         CASE WHEN $3 = 'failed' THEN now() END, CASE WHEN $3 = 'failed' THEN 'HTTP 503' END,
         CASE WHEN $3 = 'sent' THEN now() END)`,
      [id, TRACE, state],
    );
  const steps = ({ timeline }: Told) => timeline.map(({ step }) => step);

  it("tells the payment of an id that its request had under another key", async () => {
    const message = validationResult(someClient(9));
    await capture(message);
    const again = { ...message, paymentId: nextPaymentId(), alternateIds: [message.paymentId] };
    await capture(again);
    const { code, timeline } = await told(again.paymentId);
    expect(code).to.equal(0);
    expect(timeline).to.deep.equal((await told(message.paymentId)).timeline);
  });

  it("tells each step of a payment at its end, with decisions, entries and the trace", async () => {
    const payment = validationResult(someClient(0));
    await capture(payment);
    await settle(payment);
    await notify(payment.paymentId, "sent");
    await finish(payment);
    const story = await told(payment.paymentId);
    expect(story.code).to.equal(0);
    expect(steps(story)).to.deep.equal(["1", "2", "3", "4", "5a", "5a", "5b"]);
    expect(story.hanging).to.deep.equal([]);
    expect(story.traceId).to.equal(TRACE);
    const decisions = story.timeline.map(({ decision }) => decision);
    expect(decisions[0]).to.include(payment.requestId).and.to.include(payment.deadline);
    expect(decisions[1]).to.match(/^visa ending in \d{4}: good$/);
    expect(decisions[2]).to.equal(`captured from ${someClient(0).id}`);
    expect(decisions[3]).to.equal("credited m-0001");
    expect(decisions.at(-1)).to.equal("final: SUCCEEDED");
    expect(story.timeline.map(({ entries }) => entries.length)).to.deep.equal([0, 0, 2, 2, 0, 0, 0]);
  });

  it("shows people the same", async () => {
    const payment = validationResult(someClient(1), { declineReason: "CARD_EXPIRED" });
    await capture(payment);
    const { out } = await explain(payment.paymentId);
    expect(out)
      .to.match(
        /^pay_[a-z2-7]{32}: PENDING \(CARD_EXPIRED\), 1000 EUR in minor units, from an unknown client to m-0001/,
      )
      .and.to.match(/2 {3}card-validation +visa ending in \d{4}: declined: CARD_EXPIRED/)
      .and.to.match(/3 {3}client-bank +recorded as declined/)
      .and.to.match(/WAITS for step 4, merchant-bank, since .*\n {2}channel: bank-result\n {2}why: /);
  });

  it("says of a payment that hangs where it waits and since when", async () => {
    const payment = validationResult(someClient(2));
    await capture(payment);
    const waiting = await told(payment.paymentId);
    expect(waiting.hanging.map(({ step, service }) => [step, service])).to.deep.equal([["4", "merchant-bank"]]);
    const [row] = await banks().superuser.query<{ since: Date }>(
      "SELECT capture_time AS since FROM client_bank.payments WHERE id = $1",
      [payment.paymentId],
    );
    expect(waiting.hanging[0]?.since).to.equal(row?.since.toISOString());
    await settle(payment);
    expect((await told(payment.paymentId)).hanging.map(({ step }) => step)).to.deep.equal(["5b"]);
  });

  it("shows the money coming back, and who declined", async () => {
    const payment = validationResult(someClient(3), { merchantId: "m-0020" });
    await capture(payment);
    await settle(payment);
    await finish(payment, { declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" });
    const { timeline } = await told(payment.paymentId);
    const decisions = timeline.map(({ decision }) => decision);
    expect(decisions.slice(1)).to.deep.equal([
      decisions[1],
      `captured from ${someClient(3).id}`,
      "declined: MERCHANT_CLOSED, by the merchant's bank",
      "final: DECLINED: MERCHANT_CLOSED, 1000 reversed",
    ]);
    expect(decisions[1]).to.match(/: good$/);
    expect(timeline.at(-1)?.entries).to.have.length(2);
  });

  it("tells why a notification was not sent, and when it is tried again", async () => {
    const payment = validationResult(someClient(4));
    await capture(payment);
    await settle(payment);
    await finish(payment);
    await notify(payment.paymentId, "failed");
    const { hanging } = await told(payment.paymentId);
    expect(hanging).to.have.length(1);
    expect(hanging[0]?.why).to.match(/^failed after 2 attempts: HTTP 503; the next at \d{4}-/);
  });

  it("shows a refund that the merchant's bank made and the client's bank has not, and that it waits", async () => {
    const payment = validationResult(someClient(6));
    await capture(payment);
    await settle(payment);
    await finish(payment);
    const refund = refundOf(payment, "300");
    await banks().merchantBank.transaction((transaction) => debitRefunds(transaction, [refund], Date.now));
    const { timeline, hanging } = await told(payment.paymentId);
    expect(timeline.at(-1)).to.deep.include({ step: "R2", decision: `refund ${refund.refundId}: debited 300` });
    expect(timeline.at(-1)?.entries).to.have.length(2);
    expect(hanging.map(({ step, service }) => [step, service])).to.deep.include(["R3", "client-bank"]);
  });

  it("finds the message that it waits for on the broker, waiting and dead, and tells why it died", async () => {
    const payment = validationResult(someClient(7));
    await capture(payment);
    const environment = { DATABASE_URL: banks().superuser.url, BROKER_AUDITOR_URL: broker().urlOf("auditor") };
    const story = async () => (await runCommand(["explain", payment.paymentId], environment)).out;
    expect(await story()).to.match(/why: .*; at this moment none of its messages waits or is dead/);

    const clientBank = await broker().connectAs("client-bank");
    await using producer = await clientBank.createProducer(destinationOf(CHANNELS.bankResult));
    await producer.send({ json: bankResult(payment), correlationId: payment.paymentId });
    await producer.send({ json: bankResult(validationResult(someClient(7))), correlationId: nextPaymentId() });
    expect(await story())
      .to.match(/why: its message waits on bank-result since \d{4}-/)
      .and.to.match(/\nMESSAGE \S+ waits on bank-result since /);

    const merchantBank = await broker().connectAs("merchant-bank");
    await using processor = await merchantBank.process({
      name: "merchant-bank-settle",
      from: destinationOf(CHANNELS.bankResult),
      deadLetter: deadLetterDestination(CHANNELS.bankResult),
      schema: bankResultMessage,
      handle: (batch) => batch.map(() => ({ deadLetter: "The ledger is full." })),
    });
    await eventually("both are set aside", () => processor.counts.deadLettered === 2, 30_000);
    const dead = await story();
    expect(dead).to.match(
      /why: its message is dead on dead-letter\.bank-result since \S+: The ledger is full\. \(dead-letters replay \S+\)/,
    );
    expect(dead.match(/^MESSAGE /gm), "another payment's letter is not told").to.have.length(1);
  });

  it("finds a payment and a refund that no bank has recorded by the payment in their bodies", async () => {
    const payment = validationResult(someClient(8));
    await capture(payment);
    const gateway = await broker().connectAs("gateway");
    await using producer = await gateway.createProducer(destinationOf(CHANNELS.refund));
    const refund = refundOf(payment, "5");
    await producer.send({ json: refund, correlationId: refund.refundId });
    await using payments = await gateway.createProducer(destinationOf(CHANNELS.payment));
    const accepted = nextPaymentId();
    await payments.send({ json: { paymentId: accepted } });
    const environment = { DATABASE_URL: banks().superuser.url, BROKER_AUDITOR_URL: broker().urlOf("auditor") };
    const { out } = await runCommand(["explain", payment.paymentId], environment);
    expect(out).to.match(/\nMESSAGE \S+ waits on refund since /);
    const unrecorded = await runCommand(["explain", accepted], environment);
    expect(unrecorded.out).to.match(/why: its message waits on payment since /);
    expect(unrecorded.code, "it is known").to.equal(0);
  });

  it("ends with 1 for a payment that nobody knows, and says where it may be", async () => {
    const story = await told(nextPaymentId());
    expect(story.code).to.equal(1);
    expect(story.hanging[0]?.why).to.match(/^no bank has a record of it/);
  });

  it("takes the database from the stack that runs here, says so, and tells which service is away", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-cli-"));
    try {
      const signer = { privateKey: { kty: "EC" }, issuer: "i", audience: "a" };
      const services = [{ name: "merchant-bank", pid: 1, health: "http://127.0.0.1:1" }];
      const run = {
        database: banks().superuser.url,
        broker: "amqp://127.0.0.1:1",
        auditor: "amqp://127.0.0.1:1",
        signer,
        services,
      };
      await writeFile(join(folder, "run.json"), JSON.stringify(run));
      const payment = validationResult(someClient(5));
      await capture(payment);
      const { code, out, err } = await runCommand(["explain", payment.paymentId], { QUITTANCE_FOLDER: folder });
      expect(code).to.equal(0);
      expect(err).to.match(/^DATABASE_URL is not set: using the stack/);
      expect(out).to.match(/\nmerchant-bank does not run\n$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("ends with 2 for what is no payment id, and when nobody names a database", async () => {
    expect((await explain("pay_1")).code).to.equal(2);
    expect((await explain()).code).to.equal(2);
    const { code, err } = await runCommand(["explain", nextPaymentId()]);
    expect(code).to.equal(2);
    expect(err).to.match(/^explain: DATABASE_URL is not set, and no stack runs here/);
  });
});
