/** One payment: what it is, how it went over the services, its entries, notifications, messages and refunds. */
import { useRoute } from "preact-iso";
import { merchantFor } from "../api/session.js";
import { shortName } from "../api/short-name.js";
import { useLoad } from "../api/use-load.js";
import { formatMoney, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { StateBadge } from "../ui/badge.js";
import { Icon } from "../ui/icons.js";
import { Shown } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Id } from "../ui/values.js";
import { PaymentFacts } from "./payment/facts.js";
import { type KnownPayment, readPayment } from "./payment/known-payment.js";
import { Entries, Messages, Notifications } from "./payment/records.js";
import { RefundButton, Refunds } from "./payment/refunds.js";
import { Timeline } from "./payment/timeline.js";

export function PaymentPage() {
  const { id = "" } = useRoute().params;
  const loaded = useLoad(`${id} ${merchantFor("payments:read")}`, (signal) => readPayment(id, signal));
  const { payment: words, payments, common } = texts.value;
  return (
    <Page
      title={words.title(id)}
      heading={<Heading id={id} known={loaded.value} />}
      back={{ href: LINKS.payments(), name: payments.title }}
      actions={
        <>
          {loaded.value?.payment !== undefined && (
            <RefundButton payment={loaded.value.payment} onDone={loaded.reload} />
          )}
          <button type="button" onClick={loaded.reload}>
            <Icon name="refresh" />
            {common.refresh}
          </button>
        </>
      }
    >
      <Shown loaded={loaded}>
        {(known) => (
          <div class="split">
            <div>
              <Timeline story={known.story} />
              <Entries story={known.story} />
              <Messages story={known.story} />
            </div>
            <div>
              <PaymentFacts known={known} />
              <Refunds known={known} />
              <Notifications story={known.story} />
            </div>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Heading({ id, known }: { readonly id: string; readonly known: KnownPayment | undefined }) {
  const { payment: words, payments } = texts.value;
  const recorded = known?.story.payment;
  // What the API says is later than what the bank recorded: a payment that was refunded is REFUNDED.
  const state = shortName(known?.payment?.state ?? recorded?.state ?? "", "PAYMENT_STATE_");
  return (
    <span class="payment-heading">
      <span class="visually-hidden">{words.heading} </span>
      {recorded !== undefined && recorded !== null && (
        <span class="amount number">{formatMoney(recorded.currency, recorded.amount)}</span>
      )}
      {state !== "" && <StateBadge state={state} names={payments.states} />}
      <span class="heading-id">
        <Id value={id} />
      </span>
    </span>
  );
}
