import type { Message } from "@quittance/sdk";
import { expect } from "chai";
import { Envelopes } from "../../dist/shared/envelope.js";
import { messageKeys } from "../../dist/shared/message-keys.js";
import { ALL_MESSAGE_KINDS, MESSAGE_KINDS } from "../../dist/shared/message-kinds.js";
import { messageKeysOf } from "../../dist/stack/service-table.js";
import type { MessageKind } from "../../dist/topology/channel-table.js";
import type { ServiceName } from "../../dist/topology/system-table.js";
import { envelopesOf, messageKeysText } from "../support/message-keys.js";

const SIGNED = ALL_MESSAGE_KINDS.filter((kind) => MESSAGE_KINDS[kind].proof === "signature");
const ID = "pay_abcdefghijklmnopqrstuvwxyz234567";
const BODY = { version: 1, paymentId: ID, amount: { currencyCode: "EUR", minorUnits: "1250" } };

type Received = Pick<Message, "text" | "properties" | "correlationId">;

/** A message as its reader receives it. */
function received(kind: MessageKind, body: object = BODY, correlationId = ID): Received {
  const message = envelopesOf(MESSAGE_KINDS[kind].writer).message(kind, body, { correlationId });
  return message as Received;
}

const problemOf = (kind: MessageKind, message: Received) =>
  envelopesOf(MESSAGE_KINDS[kind].readers[0] as ServiceName).problemOf(kind, message);

describe("A signed message", () => {
  for (const kind of SIGNED) {
    it(`${kind} is believed as it was written, and in no other text or kind`, () => {
      const message = received(kind);
      expect(problemOf(kind, message)).to.equal(undefined);
      for (const properties of [{}, { signature: "" }, { signature: 7 }] as Received["properties"][]) {
        expect(problemOf(kind, { ...message, properties })).to.equal("unsigned");
      }
      const wrong: Received[] = [
        { ...message, text: message.text?.replace("1250", "77700") },
        { ...message, text: `${message.text} ` },
        { ...message, properties: { signature: "A".repeat(43) } },
        { ...message, properties: { signature: String(message.properties.signature).slice(0, 42) } },
      ];
      for (const copy of wrong) expect(problemOf(kind, copy)).to.equal("signature does not fit");
      for (const other of SIGNED.filter((candidate) => candidate !== kind)) {
        expect(problemOf(other, message), other).to.equal("signature does not fit");
      }
    });
  }

  it("that answers belongs to its question alone", () => {
    for (const kind of SIGNED.filter((candidate) => MESSAGE_KINDS[candidate].channel === undefined)) {
      const message = received(kind, BODY, "question-1");
      expect(problemOf(kind, message)).to.equal(undefined);
      expect(problemOf(kind, { ...message, correlationId: "question-2" })).to.equal("signature does not fit");
    }
  });

  it("is written by nobody but the writer of its kind, and read by nobody but its reader", () => {
    expect(() => envelopesOf("merchant-bank").message("bank-result", BODY, {})).to.throw("does not write bank-result");
    expect(() => envelopesOf("client-bank").problemOf("bank-result", received("bank-result"))).to.throw(
      "does not read bank-result",
    );
  });

  it("keeps its signature beside the properties that selectors read", () => {
    const properties = { merchant: "m-0001", payment: ID };
    const message = envelopesOf("client-bank").message("payment-update", BODY, { properties });
    expect(message.properties)
      .to.include(properties)
      .and.to.have.property("signature")
      .that.matches(/^[\w-]{43}$/);
  });

  it("is believed under any of the reader's keys, and signed with the first of the writer's", () => {
    const [before, after] = ["old", "new"].map((name) => {
      const secret = Buffer.alloc(32, name).toString("base64");
      return messageKeysOf("card-validation", secret).replace("client-bank=", "");
    }) as [string, string];
    const others = messageKeysText("client-bank")
      .split(",")
      .filter((pair) => !pair.startsWith("card-validation="));
    const writer = (...keys: string[]) =>
      new Envelopes(
        "card-validation",
        messageKeys("card-validation").parse(keys.map((key) => `client-bank=${key}`).join(",")),
      ).message("validation-result", BODY, {}) as Received;
    const reader = (...keys: string[]) =>
      new Envelopes(
        "client-bank",
        messageKeys("client-bank").parse([...others, ...keys.map((key) => `card-validation=${key}`)].join(",")),
      );
    // The order of a change without a pause: both accept the new key, both sign with it, both forget the old one.
    const steps: [string[], string[]][] = [
      [[before], [before, after]],
      [
        [before, after],
        [before, after],
      ],
      [
        [after, before],
        [before, after],
      ],
      [[after, before], [after]],
    ];
    for (const [written, read] of steps) {
      expect(reader(...read).problemOf("validation-result", writer(...written))).to.equal(undefined);
    }
    expect(reader(after).problemOf("validation-result", writer(before, after))).to.equal("signature does not fit");
  });
});

describe("MESSAGE_KEYS", () => {
  const KEY = Buffer.alloc(32, 7).toString("base64");

  it("must name every neighbour, nobody else, and keys of 32 bytes; what is wrong repeats no key", () => {
    const wrong: [string, RegExp][] = [
      ["", /has no key for validation|has no key for .*client-bank/],
      [`merchant-bank=${KEY}`, /somebody who is not one of client-bank/],
      ["client-bank=c2hvcnQ=", /not 32 bytes in base64/],
      [KEY, /somebody who is not one of/],
      [Array.from({ length: 5 }, () => `client-bank=${KEY}`).join(","), /more than 4 keys/],
    ];
    for (const [text, expected] of wrong) {
      const { error } = messageKeys("card-validation").safeParse(text);
      const message = error?.issues[0]?.message ?? "";
      expect(message).to.match(expected);
      expect(message).not.to.contain(KEY).and.not.to.contain("c2hvcnQ");
    }
    expect(
      messageKeys("card-validation").parse(` client-bank=${KEY} , client-bank=${KEY},`).get("client-bank"),
    ).to.have.length(2);
  });
});
