/** What a payment is. */
import { session } from "../../api/session.js";
import { formatNumber, texts } from "../../i18n/i18n.js";
import { LINKS } from "../../links.js";
import { declineText } from "../../ui/decline-text.js";
import { Facts, Panel } from "../../ui/page.js";
import { CardText, Id, Money, Time } from "../../ui/values.js";
import type { KnownPayment } from "./known-payment.js";

/** Links to where traces are shown, when the console knows it. */
function Trace({ id }: { readonly id: string }) {
  const tracing = session.value?.tracing ?? null;
  return (
    <>
      <Id value={id} short />
      {tracing !== null && (
        <>
          {" "}
          <a href={tracing.replace("{traceId}", id)} target="_blank" rel="noreferrer">
            {texts.value.payment.openTrace}
          </a>
        </>
      )}
    </>
  );
}

export function PaymentFacts({ known: { story, payment } }: { readonly known: KnownPayment }) {
  const { payment: words, payments } = texts.value;
  const recorded = story.payment;
  if (recorded === undefined || recorded === null) {
    return (
      <Panel title={words.facts}>
        <p class="empty">{words.unrecorded}</p>
      </Panel>
    );
  }
  const capture = payment?.capture.replace("CAPTURE_METHOD_", "") ?? "";
  const metadata = Object.entries(payment?.metadata ?? {});
  const { acceptTime, finishTime } = recorded;
  return (
    <Panel title={words.facts}>
      <Facts
        facts={[
          recorded.declineReason === null
            ? undefined
            : [words.declined, declineText(recorded.declineReason, payments.declines)],
          [payments.card, <CardText key="card" brand={recorded.cardBrand} lastFour={recorded.cardLastFour} />],
          [
            payments.merchant,
            <a key="merchant" href={LINKS.merchant(recorded.merchantId)}>
              {recorded.merchantId}
            </a>,
          ],
          recorded.clientId === null
            ? undefined
            : [
                texts.value.accounts.client,
                <a key="client" href={LINKS.client(recorded.clientId)}>
                  {recorded.clientId}
                </a>,
              ],
          [payments.description, recorded.description || "–"],
          [payments.requestId, <Id key="request" value={recorded.requestId} />],
          payment?.clientReference ? [payments.clientReference, payment.clientReference] : undefined,
          capture === "" ? undefined : [words.capture, words.captures[capture] ?? capture],
          payment?.capturedAmount === undefined
            ? undefined
            : [words.capturedAmount, <Money key="captured" value={payment.capturedAmount} />],
          payment?.refundedAmount === undefined
            ? undefined
            : [words.refundedAmount, <Money key="refunded" value={payment.refundedAmount} />],
          payment?.authorizationExpireTime === undefined
            ? undefined
            : [words.holdUntil, <Time key="until" value={payment.authorizationExpireTime} />],
          [payments.created, <Time key="created" value={acceptTime} />],
          finishTime === null
            ? undefined
            : [words.took, words.milliseconds(formatNumber(Date.parse(finishTime) - Date.parse(acceptTime)))],
          story.traceId === null ? undefined : [words.trace, <Trace key="trace" id={story.traceId} />],
          ...metadata.map(([name, value]) => [`${words.metadata}: ${name}`, value] as const),
        ]}
      />
    </Panel>
  );
}
