import type { Destination, Message } from "@quittance/sdk";
import { expect } from "chai";
import { answerWeight, finalReplies } from "../../dist/client-bank/final-replies.js";
import { Gateways } from "../../dist/client-bank/gateways.js";
import { MAXIMUM_METADATA_BYTES, metadataBytes } from "../../dist/shared/merchant-data.js";
import { ANSWERS_IN_A_MESSAGE, NOTICE_VALID_MS } from "../../dist/shared/messages.js";
import { envelopesOf } from "../support/message-keys.js";

const replyQueue = (address: string): Destination => ({ kind: "temporary-queue", address });
const NEW = replyQueue("of-a-gateway-that-sends-notices");
const OLD = replyQueue("of-a-gateway-of-the-last-release");

describe("Gateways, as client-bank knows them", () => {
  let nowMs = 0;
  let gateways: Gateways;
  beforeEach(() => {
    nowMs = 1_000;
    gateways = new Gateways(() => nowMs);
  });

  it("watch what their notices name, for as long as a notice counts", () => {
    expect(gateways.mayWatch("pay_1")).to.equal(false);
    gateways.noted(["pay_1"], NEW.address);
    expect([gateways.mayWatch("pay_1"), gateways.mayWatch("pay_2")]).to.deep.equal([true, false]);
    nowMs += NOTICE_VALID_MS - 1;
    gateways.noted(["pay_2"], NEW.address);
    expect([gateways.mayWatch("pay_1"), gateways.mayWatch("pay_2")]).to.deep.equal([true, true]);
    nowMs += 1;
    expect([gateways.mayWatch("pay_1"), gateways.mayWatch("pay_2")]).to.deep.equal([false, true]);
  });

  it("may watch everything while one of them has sent no notice, and no longer when it sends one or is not met again", () => {
    gateways.noted([], NEW.address);
    gateways.met(NEW);
    expect(gateways.mayWatch("pay_1")).to.equal(false);
    gateways.met(OLD);
    expect(gateways.mayWatch("pay_1")).to.equal(true);
    gateways.noted([], OLD.address);
    expect(gateways.mayWatch("pay_1")).to.equal(false);
    gateways.met(replyQueue("another"));
    nowMs += NOTICE_VALID_MS;
    expect(gateways.mayWatch("pay_1")).to.equal(false);
  });

  it("watch a refund only when a notice names it, whichever other gateways are about", () => {
    gateways.met(OLD);
    expect(gateways.mayWatchRefund("ref_1")).to.equal(false);
    gateways.noted(["ref_1"], NEW.address);
    expect([gateways.mayWatchRefund("ref_1"), gateways.mayWatchRefund("ref_2")]).to.deep.equal([true, false]);
    nowMs += NOTICE_VALID_MS;
    expect(gateways.mayWatchRefund("ref_1")).to.equal(false);
  });

  it("may watch everything while so many payments are watched that one may have been forgotten", () => {
    const many = Array.from({ length: 100_000 }, (_, number) => `pay_${number}`);
    gateways.noted(many.slice(1), NEW.address);
    expect(gateways.mayWatch("another")).to.equal(false);
    gateways.noted(many.slice(0, 1), NEW.address);
    expect(gateways.mayWatch("another")).to.equal(true);
    nowMs += NOTICE_VALID_MS;
    expect(gateways.mayWatch("another")).to.equal(false);
  });

  it("get the replies of a batch together when they send notices, and one by one otherwise", () => {
    const envelopes = envelopesOf("client-bank");
    gateways.noted([], NEW.address);
    const answer = (id: string, replyTo: Destination | undefined) => ({
      id,
      input: { replyTo } as Message,
      body: { payment: { id } },
      weight: 1,
    });
    const kinds = { one: "gateway-reply", several: "gateway-replies" } as const;
    const told = (answers: Parameters<typeof finalReplies>[2]) =>
      finalReplies({ envelopes, gateways }, kinds, answers).map((sends) =>
        sends.map(({ destination, message }) => {
          const { answers: several, payment } = JSON.parse("text" in message ? (message.text ?? "") : "");
          const about = several?.map((one: { payment: { id: string } }) => one.payment.id).join(" ") ?? payment.id;
          return `${message.type} ${message.correlationId ?? "several"} ${destination?.address}: ${about}`;
        }),
      );
    expect(
      told([answer("a", NEW), answer("b", OLD), undefined, answer("c", NEW), answer("d", OLD), answer("e", undefined)]),
    ).to.deep.equal([
      [`gateway-replies several ${NEW.address}: a c`],
      [`gateway-reply b ${OLD.address}: b`],
      [],
      [],
      [`gateway-reply d ${OLD.address}: d`],
      [],
    ]);
    expect(told([answer("alone", NEW)])).to.deep.equal([[`gateway-reply alone ${NEW.address}: alone`]]);
    const full = Array.from({ length: ANSWERS_IN_A_MESSAGE + 1 }, (_, number) => answer(`${number}`, NEW));
    const sends = told(full).flat();
    expect(sends).to.have.length(2);
    expect(sends[1]).to.equal(`gateway-reply ${ANSWERS_IN_A_MESSAGE} ${NEW.address}: ${ANSWERS_IN_A_MESSAGE}`);
  });

  it("get fewer answers in a message where these carry metadata, so that none is larger than 100 KiB", () => {
    gateways.noted([], NEW.address);
    // As much as there may be, in characters that JSON writes as two.
    const metadata = Object.fromEntries(Array.from({ length: 9 }, (_, number) => [`key${number}`, '"'.repeat(451)]));
    expect(metadataBytes(metadata)).to.be.within(4_000, MAXIMUM_METADATA_BYTES);
    const payment = { description: "\u{1D54E}".repeat(140), clientReference: "\u{1D54E}".repeat(100), metadata };
    const answers = Array.from({ length: ANSWERS_IN_A_MESSAGE }, (_, number) => ({
      id: `${number}`,
      input: { replyTo: NEW } as Message,
      body: { payment },
      weight: answerWeight(payment),
    }));
    const kinds = { one: "gateway-reply", several: "gateway-replies" } as const;
    const sends = finalReplies({ envelopes: envelopesOf("client-bank"), gateways }, kinds, answers).flat();
    const texts = sends.map(({ message }) => ("text" in message ? (message.text ?? "") : ""));
    expect(texts.flatMap((text) => JSON.parse(text).answers)).to.have.length(ANSWERS_IN_A_MESSAGE);
    for (const text of texts) expect(Buffer.byteLength(text)).to.be.below(100 * 1_024);
    expect(answerWeight(undefined, { clientReference: "order-17" })).to.equal(1);
  });
});
