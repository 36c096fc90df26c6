/** Ends of every kind that there can be, by which a template is tried before it tells real ones. */
import { CANCEL_REASONS, PUBLIC_DECLINE_REASONS, REFUND_DECLINE_REASONS } from "../shared/decline.js";
import { MESSAGE_VERSION, type PaymentEndMessage } from "../shared/messages.js";
import type { PayoutMessage } from "../shared/payout-message.js";
import type { RefundEndMessage } from "../shared/refund-messages.js";
import {
  type DisabledEndpoint,
  disabledEndpointVariables,
  payoutVariables,
  refundVariables,
  type TemplateName,
  templateVariables,
} from "./template-variables.js";

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

const PAYOUT: PayoutMessage = {
  version: MESSAGE_VERSION,
  entryId: `payout_${PAYMENT.requestId}`,
  requestId: PAYMENT.requestId,
  merchantId: PAYMENT.merchantId,
  amount: AMOUNT,
  payTime: TIME,
};

const ENDPOINT: DisabledEndpoint = {
  id: `we_${"a".repeat(32)}`,
  merchantId: PAYMENT.merchantId,
  // Of the longest host that the domain name system has.
  url: `https://${`${"h".repeat(62)}.`.repeat(4)}`,
  disableReason: "failing",
  failingSince: new Date(TIME),
  updateTime: new Date(TIME),
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
  "payment-canceled": (language) =>
    Object.values(CANCEL_REASONS).flatMap((cancelReason) =>
      payments({ state: "CANCELED", capture: "manual", authorizeTime: TIME, cancelReason }, language),
    ),
  "refund-succeeded": (language) => [refundVariables(refund({}), language)],
  "refund-declined": (language) =>
    REFUND_DECLINE_REASONS.flatMap((declineReason) =>
      [AMOUNT, undefined].map((amount) =>
        refundVariables(refund({ state: "DECLINED", declineReason, amount }), language),
      ),
    ),
  payout: (language) => [payoutVariables(PAYOUT, language)],
  "webhook-endpoint-disabled": () => [
    disabledEndpointVariables(ENDPOINT),
    disabledEndpointVariables({ ...ENDPOINT, disableReason: "gone", failingSince: null }),
  ],
};

/** An end of one kind, as one looks that merchants see every day. */
export interface PreviewSample {
  /** What distinguishes it from the template's other ends; empty where there is one kind. */
  readonly kind: string;
  readonly variables: object;
}

/** One end of each kind that the template of this name tells, for people to look at. @throws RangeError for a language that is none. */
export function previewSamples(name: TemplateName, language: string): PreviewSample[] {
  return PREVIEWS[name](language);
}

const USUAL_MERCHANT = "m-bookshop";
const USUAL_PAYMENT: PaymentEndMessage["payment"] = {
  ...PAYMENT,
  requestId: "order-1001",
  merchantId: USUAL_MERCHANT,
  description: "Two books",
  card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
};

const PREVIEWS: Readonly<Record<TemplateName, (language: string) => PreviewSample[]>> = {
  "payment-succeeded": (language) => [
    { kind: "", variables: templateVariables({ version: MESSAGE_VERSION, payment: USUAL_PAYMENT }, language) },
  ],
  "payment-declined": (language) =>
    PUBLIC_DECLINE_REASONS.map((declineReason) => {
      const declinedBy = declineReason.startsWith("MERCHANT_") ? "merchant-bank" : "client-side";
      const payment = { ...USUAL_PAYMENT, state: "DECLINED", declineReason } as const;
      return {
        kind: declineReason,
        variables: templateVariables({ version: MESSAGE_VERSION, payment, declinedBy }, language),
      };
    }),
  "payment-canceled": (language) =>
    Object.values(CANCEL_REASONS).map((cancelReason) => {
      const held = { state: "CANCELED", capture: "manual", authorizeTime: TIME, cancelReason } as const;
      const payment = { ...USUAL_PAYMENT, ...held };
      return { kind: cancelReason, variables: templateVariables({ version: MESSAGE_VERSION, payment }, language) };
    }),
  "refund-succeeded": (language) => [{ kind: "", variables: refundVariables(usualRefund({}), language) }],
  "refund-declined": (language) =>
    REFUND_DECLINE_REASONS.map((declineReason) => ({
      kind: declineReason,
      variables: refundVariables(usualRefund({ state: "DECLINED", declineReason }), language),
    })),
  payout: (language) => [
    {
      kind: "",
      variables: payoutVariables({ ...PAYOUT, requestId: "weekly-19", merchantId: USUAL_MERCHANT }, language),
    },
  ],
  "webhook-endpoint-disabled": () =>
    (["failing", "gone"] as const).map((disableReason) => {
      const usual = { merchantId: USUAL_MERCHANT, url: "https://shop.example/webhooks", disableReason };
      const failingSince = disableReason === "gone" ? null : new Date("2026-05-10T10:00:00.000Z");
      const variables = disabledEndpointVariables({ ...ENDPOINT, ...usual, failingSince });
      return { kind: variables.reason, variables };
    }),
};

function usualRefund(changes: Partial<RefundEndMessage["refund"]>): RefundEndMessage {
  const { refund: one, ...end } = refund(changes);
  return { ...end, merchantId: USUAL_MERCHANT, refund: { ...one, requestId: "return-1001" } };
}

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
