import { expect } from "chai";
import { getPayments } from "../../dist/client-bank/operations/get-payments.js";
import { listPayments, type PaymentPosition } from "../../dist/client-bank/operations/list-payments.js";
import { paymentViewOf } from "../../dist/client-bank/payment-record.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { paymentView } from "../../dist/shared/messages.js";
import { someClient, untilCommitted, useBanks, validationResult } from "../operator/banks-for-tests.js";

describe("Reading payments", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const record = (...messages: ReturnType<typeof validationResult>[]) =>
    untilCommitted(banks().clientBank, (transaction) => capturePayments(transaction, messages, Date.now));

  it("gives a payment as the messages know it", async () => {
    const message = validationResult(someClient(0), { merchantId: "m-0010" });
    await record(message);
    const { paymentId } = message;
    const found = (await banks().clientBank.read((client) => getPayments(client, [paymentId]))).get(paymentId);
    expect(found && paymentView.parse(paymentViewOf(found))).to.deep.include({
      id: message.paymentId,
      amount: { currencyCode: "EUR", minorUnits: "1000" },
      state: "PENDING",
      acceptTime: message.acceptTime,
    });
  });

  it("lists a merchant's payments newest first, page by page, also those accepted in the same millisecond", async () => {
    const start = Date.now() - 60_000;
    const messages = Array.from({ length: 23 }, (_, place) =>
      validationResult(someClient(1), {
        merchantId: "m-0012",
        acceptTime: new Date(start + Math.floor(place / 4)).toISOString(),
      }),
    );
    await record(...messages, validationResult(someClient(1), { merchantId: "m-0013" }));
    const listed: PaymentPosition[] = [];
    for (;;) {
      const after = listed.at(-1);
      const page = await banks().clientBank.read((client) =>
        listPayments(client, { merchantId: "m-0012", pageSize: 5, after }),
      );
      listed.push(...page.map(({ id, acceptTime }) => ({ id, acceptTime })));
      if (page.length < 5) break;
    }
    const expected = messages
      .map(({ paymentId, acceptTime }) => ({ id: paymentId, acceptTime }))
      .sort((a, b) => (`${a.acceptTime}${a.id}` < `${b.acceptTime}${b.id}` ? 1 : -1));
    expect(listed).to.deep.equal(expected);
  });
});
