import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { TransactionResultMessage } from "../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../../dist/shared/queue-map.js";
import type { RefundResultMessage } from "../../dist/shared/refund-messages.js";
import { END_PROPERTIES } from "../../dist/topology/channel-table.js";
import { paymentEnd } from "../notification/ends.js";
import { type Receiver, startReceiver } from "../notification/webhook/receiver.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf } from "../support/message-keys.js";
import { GOOD_CARD, TEST_BROKER, useStack } from "../support/stack-for-tests.js";

/** Payments and refunds whose end is read the moment that it is told. */
const ENDS = 150;
/** Its account is closed: the client's money is captured, and that is reversed. */
const CLOSED_MERCHANT = "m-0020";
const BOUND_MS = 90_000;
const NO_WAIT = { seconds: 0n, nanos: 0 };

interface Event {
  readonly type: string;
  readonly data: {
    readonly paymentId: string;
    readonly refundId?: string;
    readonly merchantId: string;
    readonly state: string;
    readonly declineReason?: string;
  };
}

describe(`The end of a payment or a refund, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  let receiver: Receiver;
  /** By the ids of their webhooks: one that is answered late is posted again, and is the same. */
  const events = new Map<string, Event>();
  /** What was told and what was read of it at once, where the two differ. */
  const differences: string[] = [];

  before(async () => {
    receiver = await startReceiver((response, { headers, body }) => {
      const event = JSON.parse(body) as Event;
      events.set(String(headers["webhook-id"]), event);
      void readAtOnce(event).then((difference) => {
        if (difference !== undefined) differences.push(difference);
        response.writeHead(204).end();
      });
    });
    Object.assign(process.env, {
      WEBHOOK_URL: receiver.url.href,
      WEBHOOK_SECRETS: `k1=whsec_${randomBytes(32).toString("base64")}`,
      WEBHOOK_ALLOW_PRIVATE: "true",
    });
  });
  const system = useStack();
  after(async () => {
    for (const name of ["WEBHOOK_URL", "WEBHOOK_SECRETS", "WEBHOOK_ALLOW_PRIVATE"]) delete process.env[name];
    await receiver[Symbol.asyncDispose]();
  });

  async function readAtOnce({ type, data }: Event): Promise<string | undefined> {
    const { paymentId, refundId, merchantId, state } = data;
    const path = refundId === undefined ? `/v1/payments/${paymentId}` : `/v1/refunds/${refundId}`;
    const answer = await system().http(path, { merchant: merchantId });
    const { payment, refund } = (await answer.json()) as Record<string, { readonly state: string } | undefined>;
    const read = refundId === undefined ? payment?.state : refund?.state;
    const expected = `${refundId === undefined ? "PAYMENT" : "REFUND"}_STATE_${state}`;
    return read === expected ? undefined : `${type} ${refundId ?? paymentId}: told ${expected}, read ${read}`;
  }

  const told = () => [...events.values()];
  const ofRefunds = () => told().filter(({ data }) => data.refundId !== undefined);
  const ofPayments = () => told().filter(({ data }) => data.refundId === undefined);

  it(`is read by a receiver of webhooks that reads it at once, of ${ENDS} payments and as many refunds`, async () => {
    const paid = await Promise.all(
      Array.from({ length: ENDS }, (_, place) => {
        const request = { requestId: `end-${place}`, wait: NO_WAIT };
        if (place % 3 === 1) return system().pay(request, CLOSED_MERCHANT);
        if (place % 3 === 2) return system().pay({ ...request, card: { ...GOOD_CARD, expiryYear: 2020 } });
        return system().pay(request);
      }),
    );
    await eventually("every payment's end is told", () => ofPayments().length >= ENDS, BOUND_MS);
    const good = paid.filter((_, place) => place % 3 === 0);
    await Promise.all(
      Array.from({ length: ENDS }, async (_, place) => {
        // The third is of more than is left.
        const minorUnits = place % 3 === 2 ? "9999" : "10";
        const answer = await system().http(`/v1/payments/${good[place % good.length]?.id}:refund`, {
          method: "POST",
          body: JSON.stringify({
            requestId: `refund-end-${place}`,
            amount: { currencyCode: "EUR", minorUnits },
            wait: "0s",
          }),
        });
        expect(answer.status).to.be.lessThan(300);
      }),
    );
    await eventually("every refund's end is told", () => ofRefunds().length >= ENDS, BOUND_MS);
    await eventually("every end was read", async () => {
      const [row] = await system().query<{ unsent: bigint }>(
        "SELECT count(*) AS unsent FROM notification.notifications WHERE state <> 'sent'",
      );
      return Number(row?.unsent) === 0;
    });
    expect(differences).to.deep.equal([]);
    const byType = (some: readonly Event[]) => Object.groupBy(some, ({ type }) => type);
    const payments = byType(ofPayments());
    expect(payments["payment.succeeded"]).to.have.lengthOf(ENDS / 3);
    expect(payments["payment.declined"]).to.have.lengthOf((ENDS * 2) / 3);
    expect(
      payments["payment.declined"]?.filter(({ data }) => data.declineReason === "MERCHANT_CLOSED"),
    ).to.have.lengthOf(ENDS / 3);
    const refunds = byType(ofRefunds());
    expect(refunds["refund.succeeded"]).to.have.lengthOf((ENDS * 2) / 3);
    expect(refunds["refund.declined"]).to.have.lengthOf(ENDS / 3);
  });

  describe("forged by one who has merchant-bank's password", () => {
    /** What was sent about a payment and its refunds, once everything that was sent before is behind us. */
    async function toldOf(paymentId: string, marker: string): Promise<string[]> {
      const after = await system().pay({ requestId: marker });
      await eventually("a later end is told", () => told().some(({ data }) => data.paymentId === after.id), BOUND_MS);
      return told()
        .filter(({ data }) => data.paymentId === paymentId)
        .map(({ type }) => type);
    }

    async function setAside(channel: "transactionResult" | "refundResult"): Promise<void> {
      const operator = await system().operator();
      await using letters = await operator.createConsumer(deadLetterDestination(CHANNELS[channel]));
      const letter = await letters.receive({ timeoutMs: 30_000 });
      letter?.accept();
      expect(letter?.properties.dead_letter_reason, "the forged verdict is set aside").to.be.a("string");
    }

    /** merchant-bank itself turned: its password is not enough, for messages are signed. */
    const turned = () => envelopesOf("merchant-bank", system().stack.keys.MESSAGE_SECRET);

    it("a forged decline of a payment that succeeded reaches nobody", async () => {
      const paid = await system().pay({ requestId: "forged-decline" });
      await using producer = await (await system().connectAs("merchant-bank")).createProducer(
        destinationOf(CHANNELS.transactionResult),
      );
      const time = new Date().toISOString();
      const forged: TransactionResultMessage = {
        version: 1,
        paymentId: paid.id,
        requestId: "forged-decline",
        merchantId: "m-0001",
        parametersHash: "h".repeat(43),
        amount: { currencyCode: "EUR", minorUnits: "1000" },
        description: "",
        acceptTime: time,
        deadline: time,
        card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030, fingerprint: "f".repeat(43) },
        validateTime: time,
        captureTime: time,
        settleTime: time,
        declineReason: "MERCHANT_CLOSED",
        declinedBy: "merchant-bank",
      };
      await producer.send(turned().message("transaction-result", forged, { correlationId: paid.id }));
      await setAside("transactionResult");
      expect(await toldOf(paid.id, "after-forged-decline")).to.deep.equal(["payment.succeeded"]);
      expect((await system().read(paid.id)).state).to.equal("PAYMENT_STATE_SUCCEEDED");
    });

    it("a forged end is set aside by notification, for client-bank alone signs ends", async () => {
      const paymentId = `pay_${"f".repeat(32)}`;
      const end = paymentEnd({ id: paymentId, merchantId: "m-0001" });
      await using producer = await (await system().connectAs("merchant-bank")).createProducer(
        destinationOf(CHANNELS.transactionResult),
      );
      const forged = { json: end, type: "payment-end", correlationId: paymentId };
      // As the turned bank can sign: for client-bank, and nobody else.
      const { signature } = turned().message("transaction-result", end, {}).properties ?? {};
      await producer.send({ ...forged, properties: { ...END_PROPERTIES, ...(signature && { signature }) } });
      await setAside("transactionResult");
      expect(await toldOf(paymentId, "after-forged-end")).to.deep.equal([]);
    });

    it("a forged decline of a refund that succeeded reaches nobody", async () => {
      const paid = await system().pay({ requestId: "forged-refund" });
      const answer = await system().http(`/v1/payments/${paid.id}:refund`, {
        method: "POST",
        body: JSON.stringify({ requestId: "forged-refund", wait: "30s" }),
      });
      const { refund } = (await answer.json()) as { readonly refund: { readonly id: string } };
      await using producer = await (await system().connectAs("merchant-bank")).createProducer(
        destinationOf(CHANNELS.refundResult),
      );
      const time = new Date().toISOString();
      const forged: RefundResultMessage = {
        version: 1,
        refundId: refund.id,
        paymentId: paid.id,
        requestId: "forged-refund",
        merchantId: "m-0001",
        parametersHash: "h".repeat(43),
        amount: { currencyCode: "EUR", minorUnits: "1000" },
        acceptTime: time,
        debitTime: time,
        declineReason: "MERCHANT_CLOSED",
      };
      await producer.send(turned().message("refund-result", forged, { correlationId: refund.id }));
      await setAside("refundResult");
      expect((await toldOf(paid.id, "after-forged-refund")).toSorted()).to.deep.equal([
        "payment.succeeded",
        "refund.succeeded",
      ]);
    });
  });
});
