import type { Incoming, Message, Outcome } from "@quittance/sdk";
import { expect } from "chai";
import { believing, UnprovenKeysError } from "../../dist/shared/believe.js";
import { envelopesOf } from "../support/message-keys.js";

const BODY = { version: 1 };
const ACCEPTED: Outcome = {};

function incoming(properties?: Message["properties"]): Incoming<object> {
  const signed = envelopesOf("client-bank").message("bank-result", BODY, { correlationId: "pay" });
  const message = { ...signed, ...(properties && { properties }) } as unknown as Message;
  return { body: BODY, message } as Incoming<object>;
}

const good = () => incoming();
const misfit = () => incoming({ signature: "A".repeat(43) });
const unsigned = () => incoming({});

describe("A step that believes what is signed", () => {
  const step = () =>
    believing(envelopesOf("merchant-bank"), "bank-result", async (batch: readonly Incoming<object>[]) =>
      batch.map(() => ACCEPTED),
    );

  it("holds what does not fit while nothing has fitted: the keys may be different", async () => {
    const handle = step();
    const error = await handle([misfit()]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(UnprovenKeysError);
    expect(String(error)).to.contain("client-bank and merchant-bank").and.to.contain("MESSAGE_KEYS");
  });

  it("sets it aside once another message of the same writer has shown that the keys are right", async () => {
    const handle = step();
    expect(await handle([good(), misfit()])).to.deep.equal([ACCEPTED, { deadLetter: "signature does not fit" }]);
    expect(await handle([misfit()])).to.deep.equal([{ deadLetter: "signature does not fit" }]);
  });

  it("sets aside what bears no signature at all, whatever was seen before", async () => {
    expect(await step()([unsigned()])).to.deep.equal([{ deadLetter: "unsigned" }]);
  });
});
