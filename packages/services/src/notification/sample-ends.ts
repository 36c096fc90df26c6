/** Ends of every kind that there can be, by which a template is tried before it tells real ones. */
import { PUBLIC_DECLINE_REASONS, REFUND_DECLINE_REASONS } from "../shared/decline.js";
import { MESSAGE_VERSION, type PaymentEndMessage } from "../shared/messages.js";
import type { RefundEndMessage } from "../shared/refund-messages.js";
import { refundVariables, type TemplateName, templateVariables } from "./template-variables.js";

const TIME = "2026-05-15T10:00:00.000Z";
const AMOUNT = { currencyCode: "EUR", minorUnits: "1250" };
/** 140 characters, each of two UTF-16 units. */
const LONGEST_DESCRIPTION = "\u{1D54E}".repeat(140);

const PAYMENT: PaymentEndMessage["payment"] = {
  id: `pay_${"a".repeat(32)}`,
  requestId: "r".repeat(64),
  merchantId: "m".repeat(64),
  amount: AMOUNT,
  description: "",
  state: "SUCCEEDED",
  card: { brand: "american-express", lastFour: "0005", expiryMonth: 12, expiryYear: 2030 },
  acceptTime: TIME,
  validateTime: TIME,
  captureTime: TIME,
  settleTime: TIME,
  finishTime: TIME,
};

const REFUND: RefundEndMessage["refund"] = {
  id: `ref_${"a".repeat(32)}`,
  requestId: PAYMENT.requestId,
  paymentId: PAYMENT.id,
  amount: AMOUNT,
  state: "SUCCEEDED",
  acceptTime: TIME,
  debitTime: TIME,
  finishTime: TIME,
};

/** What the template of this name may be rendered with, each time another kind of end. @throws RangeError for a language that is none. */
export function sampleVariables(name: TemplateName, language: string): object[] {
  return SAMPLES[name](language);
}

const SAMPLES: Readonly<Record<TemplateName, (language: string) => object[]>> = {
  "payment-succeeded": (language) => payments({}, language),
  "payment-declined": (language) =>
    PUBLIC_DECLINE_REASONS.flatMap((declineReason) =>
      (["client-side", "merchant-bank"] as const).flatMap((declinedBy) =>
        payments({ state: "DECLINED", declineReason }, language, declinedBy),
      ),
    ),
  "refund-succeeded": (language) => [refundVariables(refund({}), language)],
  "refund-declined": (language) =>
    REFUND_DECLINE_REASONS.flatMap((declineReason) =>
      [AMOUNT, undefined].map((amount) =>
        refundVariables(refund({ state: "DECLINED", declineReason, amount }), language),
      ),
    ),
};

function payments(
  changes: Partial<PaymentEndMessage["payment"]>,
  language: string,
  declinedBy?: PaymentEndMessage["declinedBy"],
): object[] {
  return ["", LONGEST_DESCRIPTION].map((description) =>
    templateVariables(
      { version: MESSAGE_VERSION, payment: { ...PAYMENT, description, ...changes }, declinedBy },
      language,
    ),
  );
}

function refund(changes: Partial<RefundEndMessage["refund"]>): RefundEndMessage {
  return { version: MESSAGE_VERSION, merchantId: PAYMENT.merchantId, refund: { ...REFUND, ...changes } };
}
