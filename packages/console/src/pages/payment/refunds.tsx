/** Refunds of a payment, and the button that makes one. */
import { formatAmount, parseAmount } from "@quittance/client";
import { call } from "../../api/call.js";
import { changesAllowed, mayChange, merchantFor } from "../../api/session.js";
import type { Story } from "../../api/story.js";
import type { Payment } from "../../gen/api.js";
import { formatMoney, texts } from "../../i18n/i18n.js";
import { StateBadge } from "../../ui/badge.js";
import { Change } from "../../ui/change.js";
import { declineText } from "../../ui/decline-text.js";
import { TextField } from "../../ui/fields.js";
import { Empty } from "../../ui/notes.js";
import { Panel } from "../../ui/page.js";
import { Id, Time } from "../../ui/values.js";
import { MerchantTokenForm } from "../merchant-token.js";
import type { KnownPayment } from "./known-payment.js";

/** How long the service may take until it answers that the refund is on its way. */
const WAIT = "10s";

export function Refunds({ known: { story } }: { readonly known: KnownPayment }) {
  const { payment: words, payments } = texts.value;
  const currency = story.payment?.currency ?? "";
  return (
    <Panel title={words.refunds}>
      {story.refunds.length === 0 ? (
        <Empty>{words.noRefunds}</Empty>
      ) : (
        <ul class="cards">
          {story.refunds.map((refund) => (
            <li key={refund.id}>
              <div class="step-head">
                <strong class="number">{refund.amount === null ? "–" : formatMoney(currency, refund.amount)}</strong>
                <StateBadge state={stateOf(refund)} names={payments.states} />
              </div>
              {refund.declineReason !== null && (
                <p class="bad">{declineText(refund.declineReason, payments.declines)}</p>
              )}
              <Id value={refund.id} short />
              <Time value={refund.finishTime ?? refund.debitTime} />
            </li>
          ))}
        </ul>
      )}
      {changesAllowed.value && merchantFor("payments:write") === undefined && (
        <MerchantTokenForm scope="payments:write" />
      )}
    </Panel>
  );
}

/** Merchant-bank decides, and it is final when client-bank has followed. */
function stateOf({ declineReason, finishTime }: Story["refunds"][number]): string {
  if (finishTime === null) return "PENDING";
  return declineReason === null ? "SUCCEEDED" : "DECLINED";
}

/** Offered for money that was taken and not given back, to a token of the payment's merchant. */
export function RefundButton({ payment, onDone }: { readonly payment: Payment; readonly onDone: () => void }) {
  const { payment: words } = texts.value;
  const left = leftOf(payment);
  if (left === undefined || !mayChange("payments:write") || payment.state !== "PAYMENT_STATE_SUCCEEDED") return null;
  const written = formatAmount(left).replaceAll(",", "");
  return (
    <Change
      label={words.refund}
      title={words.refundAll}
      text={words.refundText}
      onConfirm={async (entered) => {
        const amount = amountOf(String(entered.get("amount")), written);
        await call("RefundPayment", {
          path: { id: payment.id },
          body: {
            // Of what is asked for, not of the click: a second click on an answer that was lost is the same refund.
            requestId: `console-${payment.id.slice(4, 20)}-${payment.refundedAmount?.minorUnits ?? "0"}-${amount.minorUnits}`,
            amount,
            wait: WAIT,
          },
        });
        onDone();
        return words.refundDone;
      }}
    >
      <TextField label={words.refundAmount} name="amount" value={written} required />
    </Change>
  );
}

function leftOf({ amount, capturedAmount, refundedAmount }: Payment) {
  const taken = capturedAmount ?? amount;
  if (taken === undefined) return undefined;
  const minorUnits = BigInt(taken.minorUnits) - BigInt(refundedAmount?.minorUnits ?? "0");
  return minorUnits > 0n ? { currencyCode: taken.currencyCode, minorUnits } : undefined;
}

/** @throws a sentence that says how to write amounts. */
function amountOf(text: string, example: string): { currencyCode: string; minorUnits: number } {
  try {
    const { currencyCode, minorUnits } = parseAmount(text);
    return { currencyCode, minorUnits: Number(minorUnits) };
  } catch {
    throw new Error(texts.value.payment.wrongAmount(example));
  }
}
