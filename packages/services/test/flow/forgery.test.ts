import { randomBytes } from "node:crypto";
import { type Message, type OutgoingMessage, queue } from "@quittance/sdk";
import { expect } from "chai";
import { CaptureMethod } from "../../dist/gen/quittance/payments/v1/payments.js";
import { ALL_MESSAGE_KINDS, MESSAGE_KINDS } from "../../dist/shared/message-kinds.js";
import { ALL_CHANNELS, consumersOf, deadLetterAddress, destinationOf } from "../../dist/shared/queue-map.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import { END_PROPERTIES, type MessageKind } from "../../dist/topology/channel-table.js";
import { paymentEnd, refundEnd } from "../notification/ends.js";
import { bankResult, refundOf, someClient, transactionResult, validationResult } from "../operator/banks-for-tests.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf } from "../support/message-keys.js";
import { TEST_BROKER, useStack } from "../support/stack-for-tests.js";

/** Kinds that are kept, and so set aside when they are forged; answers and updates are tried at the gateway. */
const DURABLE = ALL_MESSAGE_KINDS.filter((kind) => MESSAGE_KINDS[kind].channel?.deliveryMode === "persistent");
/** Whoever has a password and no key can still sign with a key of their own. */
const ANOTHER_SECRET = randomBytes(32).toString("base64");

describe(`What is forged with a broker user's password, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();

  // A payment, a refund of it and a payout go by every pair of services, whose keys are proven then: until they are, a
  // message that does not fit waits, for the keys themselves may be wrong.
  before("a payment, a refund and a payout", async () => {
    const { id } = await system().pay({ requestId: "proves-the-keys" });
    const answer = await system().http(`/v1/payments/${id}:refund`, {
      method: "POST",
      body: JSON.stringify({ requestId: "proves-the-keys", wait: "30s" }),
    });
    expect(await answer.text()).to.contain("REFUND_STATE_SUCCEEDED");
    await system().pay({ requestId: "to-pay-out" });
    const amount = { currencyCode: "EUR", minorUnits: "100" };
    const paidOut = await system().http("/v1/merchants/m-0001:payOut", {
      method: "POST",
      headers: { authorization: `Bearer ${await system().stack.tokenOf("anna", OPERATOR_SCOPES)}` },
      body: JSON.stringify({ requestId: "proves-the-keys", amount, reason: "to prove the keys" }),
    });
    expect(paidOut.status, await paidOut.text()).to.equal(200);
    await eventually("the payout is told", async () => (await payoutsTold()) === 1);
  });

  async function payoutsTold(): Promise<number> {
    const [row] = await system().query<{ told: number }>(
      "SELECT count(*)::int AS told FROM notification.notifications WHERE template_name = 'payout'",
    );
    return row?.told ?? 0;
  }

  /** A body that its reader would act on. */
  async function bodyOf(kind: MessageKind): Promise<object> {
    const [client] = await system().query<{ fingerprint: string }>(
      "SELECT card_fingerprint AS fingerprint FROM client_bank.clients WHERE id = 'c-0001'",
    );
    const plain = validationResult(someClient(0));
    const validation = { ...plain, card: { ...plain.card, fingerprint: client?.fingerprint ?? "" } };
    const paid = await system().pay({
      requestId: `paid-before-${kind}-${randomBytes(6).toString("hex")}`,
      capture: kind === "hold-order" ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
    });
    const payment = { ...validation, paymentId: paid.id };
    const refund = refundOf(payment, "300");
    const time = new Date().toISOString();
    switch (kind) {
      case "validation-result":
        return validation;
      case "bank-result":
        return bankResult(validation);
      case "transaction-result":
        return transactionResult(payment, { declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" });
      case "hold-order":
        return {
          ...{ version: 1, paymentId: paid.id, merchantId: paid.merchant, action: "capture" },
          acceptTime: time,
          recordBy: time,
        };
      case "refund":
        return refund;
      case "payout":
        return {
          ...{ version: 1, entryId: `payout:${randomBytes(6).toString("hex")}`, requestId: "forged", payTime: time },
          ...{ merchantId: paid.merchant, amount: { currencyCode: "EUR", minorUnits: "100" } },
        };
      case "refund-result":
        return { ...refund, debitTime: time, settleTime: time };
      case "payment-end":
        return paymentEnd();
      case "refund-end":
        return refundEnd();
      default:
        throw new Error(`There is no forgery of ${kind}: add one.`);
    }
  }

  /** All that a forgery could change: books, and what people hear. */
  function traces(): Promise<object[]> {
    return system().query(`
      SELECT (SELECT count(*) FROM client_bank.ledger_entries)::int AS client_entries,
             (SELECT count(*) FROM merchant_bank.ledger_entries)::int AS merchant_entries,
             (SELECT count(*) FROM client_bank.payments)::int AS payments,
             (SELECT sum(held) FROM client_bank.clients)::int AS held,
             (SELECT count(*) FROM client_bank.refunds)::int AS refunds,
             (SELECT count(*) FROM merchant_bank.refunds)::int AS debits,
             (SELECT count(*) FROM notification.notifications)::int AS notifications`);
  }

  /** The same once every payment and refund has ended and its end has been told. */
  async function quietTraces(): Promise<object[]> {
    await eventually("nothing is on its way", async () => {
      const [row] = await system().query<{ pending: number; untold: number }>(`
        SELECT (SELECT count(*) FROM client_bank.payments WHERE state = 'PENDING')::int AS pending,
               ((SELECT count(*) FROM client_bank.payments WHERE state <> 'AUTHORIZED') + (SELECT count(*) FROM client_bank.refunds)
                 - (SELECT count(*) FROM notification.notifications WHERE template_name <> 'payout'))::int AS untold`);
      return row?.pending === 0 && row.untold <= 0;
    });
    return traces();
  }

  async function letterOf(kind: MessageKind): Promise<Message> {
    const { channel } = MESSAGE_KINDS[kind];
    if (channel === undefined) throw new Error(`${kind} has no channel.`);
    await using letters = await (await system().operator()).createConsumer(queue(deadLetterAddress(channel)));
    const letter = await letters.receive({ timeoutMs: 30_000 });
    if (letter === undefined) throw new Error(`No forged ${kind} was set aside.`);
    letter.accept();
    return letter;
  }

  it("is tried for every kind of message that a channel carries", () => {
    for (const channel of ALL_CHANNELS) {
      const kinds = Object.values(MESSAGE_KINDS).filter((facts) => facts.channel === channel);
      const [writers, readers] = [kinds.map(({ writer }) => writer), kinds.flatMap((facts) => facts.readers)];
      expect(new Set(readers), channel.address).to.deep.equal(new Set(consumersOf(channel)));
      expect(channel.writers, channel.address).to.include.members(writers);
      // A reader may put a message back as it was; whoever else may write has a kind of its own.
      const others = channel.writers.filter((user) => !readers.includes(user as never));
      expect(writers, channel.address).to.include.members(others);
    }
  });

  for (const kind of DURABLE.filter((candidate) => MESSAGE_KINDS[candidate].proof === "signature")) {
    const { channel, writer } = MESSAGE_KINDS[kind];
    it(`as ${kind} is set aside, moves no money and tells nobody`, async () => {
      const body = await bodyOf(kind);
      const before = await quietTraces();
      const properties = kind.endsWith("-end") ? END_PROPERTIES : {};
      const forged: [OutgoingMessage, string][] = [
        [{ json: body, type: kind, properties }, "unsigned"],
        [envelopesOf(writer, ANOTHER_SECRET).message(kind, body, { properties }), "signature does not fit"],
      ];
      const connection = await system().connectAs(writer);
      await using producer = await connection.createProducer(destinationOf(channel ?? { address: "", kind: "queue" }));
      for (const [message, reason] of forged) {
        await producer.send(message);
        expect((await letterOf(kind)).properties.dead_letter_reason).to.equal(reason);
      }
      expect(await quietTraces()).to.deep.equal(before);
    });
  }

  it("is handled where it is signed with the key, so that what is tried above could have happened", async () => {
    const body = (await bodyOf("bank-result")) as { readonly paymentId: string };
    const { MESSAGE_SECRET } = system().stack.keys;
    const connection = await system().connectAs("client-bank");
    await using producer = await connection.createProducer(queue("bank-result"));
    await producer.send(envelopesOf("client-bank", MESSAGE_SECRET).message("bank-result", body, {}));
    await eventually("the merchant is credited what nobody paid", async () => {
      const rows = await system().query("SELECT 1 FROM merchant_bank.receipts WHERE payment_id = $1", [body.paymentId]);
      return rows.length === 1;
    });
  });
});
