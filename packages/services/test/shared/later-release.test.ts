import { expect } from "chai";
import { DeclineReason, RefundDeclineReason } from "../../dist/gen/quittance/payments/v1/payments.js";
import {
  bankResultMessage,
  MESSAGE_VERSION,
  paymentEndMessage,
  paymentView,
  validationResultMessage,
} from "../../dist/shared/messages.js";
import { recordedPayment, recordedRefund } from "../../dist/shared/payment-resource.js";
import { refundResultMessage, refundView } from "../../dist/shared/refund-messages.js";

const TIME = "2026-04-12T10:00:00.000Z";
const MONEY = { currencyCode: "EUR", minorUnits: "1250" };
const CARD = { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 };
const PAYMENT = {
  requestId: "order-7",
  merchantId: "m-0001",
  amount: MONEY,
  description: "",
  acceptTime: TIME,
};
/** What a later release of card-validation says: a reason and a field that this release does not know. */
const RESULT = {
  version: MESSAGE_VERSION,
  paymentId: `pay_${"a".repeat(32)}`,
  ...PAYMENT,
  parametersHash: "h".repeat(43),
  deadline: TIME,
  card: { ...CARD, fingerprint: "f".repeat(43), scheme: "of tomorrow" },
  validateTime: TIME,
  declineReason: "REASON_OF_TOMORROW",
  riskScore: 7,
};
const VIEW = {
  id: RESULT.paymentId,
  ...PAYMENT,
  state: "DECLINED",
  declineReason: RESULT.declineReason,
  card: CARD,
  validateTime: TIME,
  captureTime: TIME,
  settleTime: TIME,
  finishTime: TIME,
};
const REFUND = {
  id: `ref_${"a".repeat(32)}`,
  requestId: "refund-7",
  paymentId: RESULT.paymentId,
  state: "DECLINED",
  declineReason: RESULT.declineReason,
  acceptTime: TIME,
  debitTime: TIME,
  finishTime: TIME,
};

describe("What a later release writes, in an older one's hands", () => {
  it("keeps its reason from step to step, and only what is not known of it is left out", () => {
    const validated = validationResultMessage.parse(RESULT);
    expect(validated.declineReason).to.equal("REASON_OF_TOMORROW");
    expect(validated).not.to.have.property("riskScore");
    const passedOn = bankResultMessage.parse({ ...validated, captureTime: TIME });
    expect(passedOn.declineReason).to.equal("REASON_OF_TOMORROW");
    const end = paymentEndMessage.parse({ version: MESSAGE_VERSION, payment: VIEW, declinedBy: "client-side" });
    expect(end.payment.declineReason).to.equal("REASON_OF_TOMORROW");
    const refund = refundResultMessage.parse({
      ...{ version: MESSAGE_VERSION, refundId: REFUND.id, paymentId: REFUND.paymentId, requestId: REFUND.requestId },
      ...{ merchantId: "m-0001", parametersHash: RESULT.parametersHash, acceptTime: TIME, debitTime: TIME },
      declineReason: "REASON_OF_TOMORROW",
    });
    expect(refund.declineReason).to.equal("REASON_OF_TOMORROW");
  });

  it("is told to merchants as a decline without a name, in a sentence", () => {
    expect(recordedPayment(paymentView.parse(VIEW)).decline).to.include({
      reason: DeclineReason.UNSPECIFIED,
      message: "It was declined for another reason.",
    });
    expect(recordedRefund(refundView.parse(REFUND)).decline).to.include({
      reason: RefundDeclineReason.UNSPECIFIED,
      message: "It was declined for another reason.",
    });
  });

  for (const reason of ["", "lower_case", "A".repeat(65), "DROP TABLE", "__proto__", 7]) {
    it(`is no reason when it is ${JSON.stringify(reason).slice(0, 20)}`, () => {
      expect(validationResultMessage.safeParse({ ...RESULT, declineReason: reason }).success).to.equal(false);
    });
  }

  it("is not guessed at when it is of another version", () => {
    expect(validationResultMessage.safeParse({ ...RESULT, version: MESSAGE_VERSION + 1 }).success).to.equal(false);
  });
});
