import { expect } from "chai";
import { GuessBook, type GuessLimits } from "../../dist/client-bank/card-guesses.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import type { Transaction } from "../../dist/platform/database.js";
import type { ValidationResultMessage } from "../../dist/shared/messages.js";
import { someClient, untilCommitted, useBanks, validationResult } from "../operator/banks-for-tests.js";

const HOUR_MS = 3_600_000;
const LIMITS: GuessLimits = {
  perCard: { maximum: 5, windowMs: 24 * HOUR_MS },
  perMerchant: { maximum: 8, windowMs: HOUR_MS },
};
const CARDS_ALONE: GuessLimits = { ...LIMITS, perMerchant: { maximum: 0, windowMs: 1 } };
const MERCHANTS_ALONE: GuessLimits = { ...LIMITS, perCard: { maximum: 0, windowMs: 1 } };

describe("Guessing at cards", function () {
  this.timeout(60_000);
  const banks = useBanks();
  let nowMs = Date.now();

  /** Decides about the messages as one process does; its reasons, null for a payment that was captured. */
  async function reasonsFor(book: GuessBook, messages: readonly ValidationResultMessage[]): Promise<(string | null)[]> {
    const decisions = await untilCommitted(banks().clientBank, (transaction) =>
      capturePayments(transaction, messages, () => nowMs, book),
    );
    return decisions.map((decision) =>
      decision.outcome === "recorded" ? decision.payment.declineReason : "impossible",
    );
  }

  const deadline = () => new Date(nowMs + 60_000).toISOString();
  const payment = (place: number, merchantId: string, expiryYear?: number) => {
    const message = validationResult(someClient(place), { merchantId, deadline: deadline() });
    return expiryYear === undefined ? message : { ...message, card: { ...message.card, expiryYear } };
  };
  const unknownCard = (merchantId: string) => {
    const message = payment(0, merchantId);
    return { ...message, card: { ...message.card, fingerprint: "n".repeat(43) } };
  };

  it("finds no expiry date: after five wrong ones all payments of the card are declined alike, the right one too", async () => {
    const book = new GuessBook(CARDS_ALONE);
    const reasons: (string | null)[] = [];
    // One after the other, and with all merchants there are: 47 wrong ones, and the right one last.
    for (let guess = 0; guess < 47; guess++) {
      reasons.push(...(await reasonsFor(book, [payment(1, `m-guess-${guess}`, 2_040 + guess)])));
    }
    reasons.push(...(await reasonsFor(book, [payment(1, "m-guess")])));
    expect(reasons).to.deep.equal([
      ...Array<string>(5).fill("EXPIRY_MISMATCH"),
      ...Array<string>(43).fill("TOO_MANY_ATTEMPTS"),
    ]);
    expect(await reasonsFor(book, [payment(2, "m-guess")])).to.deep.equal([null]);
  });

  it("is counted within one batch as well", async () => {
    const guesses = Array.from({ length: 10 }, (_, place) => payment(3, "m-batch", 2_040 + place));
    const reasons = await reasonsFor(new GuessBook(CARDS_ALONE), [...guesses, payment(3, "m-batch")]);
    expect(reasons.filter((reason) => reason === "EXPIRY_MISMATCH")).to.have.length(5);
    expect(reasons.at(-1)).to.equal("TOO_MANY_ATTEMPTS");
  });

  it("is remembered by a process that starts again, and forgotten when its window has ended", async () => {
    await reasonsFor(
      new GuessBook(CARDS_ALONE),
      [1, 2, 3, 4, 5].map((guess) => payment(4, "m-restart", 2_040 + guess)),
    );
    expect(await reasonsFor(new GuessBook(CARDS_ALONE), [payment(4, "m-restart")])).to.deep.equal([
      "TOO_MANY_ATTEMPTS",
    ]);
    nowMs += CARDS_ALONE.perCard.windowMs;
    expect(await reasonsFor(new GuessBook(CARDS_ALONE), [payment(4, "m-restart")])).to.deep.equal([null]);
    // A new window has a count of its own.
    const again = [1, 2, 3].map((guess) => payment(4, "m-restart", 2_040 + guess));
    expect(new Set(await reasonsFor(new GuessBook(CARDS_ALONE), again))).to.deep.equal(new Set(["EXPIRY_MISMATCH"]));
  });

  it("costs a merchant all its payments for an hour, another merchant none, and is remembered after a restart", async () => {
    const book = new GuessBook(MERCHANTS_ALONE);
    const guesses = Array.from({ length: 10 }, (_, place) =>
      place % 2 === 0 ? unknownCard("m-a") : payment(5, "m-a", 2_040),
    );
    const reasons = await reasonsFor(book, guesses);
    expect(reasons.filter((reason) => reason === "TOO_MANY_ATTEMPTS")).to.have.length(2);
    for (const each of [book, new GuessBook(MERCHANTS_ALONE)]) {
      expect(await reasonsFor(each, [payment(6, "m-a"), payment(6, "m-b")])).to.deep.equal(["TOO_MANY_ATTEMPTS", null]);
    }
    nowMs += MERCHANTS_ALONE.perMerchant.windowMs;
    expect(await reasonsFor(book, [payment(6, "m-a")])).to.deep.equal([null]);
  });

  it("is limited for two processes together: each sees within a second what the other has counted", async () => {
    const books = [new GuessBook(MERCHANTS_ALONE), new GuessBook(MERCHANTS_ALONE)];
    let guessed = 0;
    for (let round = 0; round < 20; round++) {
      nowMs += 600;
      for (const book of books) {
        const [reason] = await reasonsFor(book, [unknownCard("m-two")]);
        if (reason === "CARD_UNKNOWN") guessed++;
      }
    }
    expect(guessed).to.be.within(8, 9);
  });

  it("costs payments that are no guesses no statement more, but one each second", async () => {
    const book = new GuessBook(LIMITS);
    const statements: string[] = [];
    const told = async (messages: readonly ValidationResultMessage[]) => {
      statements.length = 0;
      await banks().clientBank.transaction((transaction) => {
        const query: Transaction["query"] = (asked) => {
          if (typeof asked !== "string") statements.push(asked.name ?? "");
          return transaction.query(asked);
        };
        return capturePayments({ query, commit: () => transaction.commit() }, messages, () => nowMs, book);
      });
      return statements;
    };
    const found = ["lock-clients", "find-payments"];
    const usual = [...found, "record-captures"];
    expect(await told([payment(7, "m-c")])).to.deep.equal([...found, "find-card-guesses", "record-captures"]);
    expect(await told([payment(7, "m-c"), payment(8, "m-c")])).to.deep.equal(usual);
    expect(await told([unknownCard("m-c")])).to.deep.equal([...usual, "record-card-guesses"]);
  });
});
