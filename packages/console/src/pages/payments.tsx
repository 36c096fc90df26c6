/** Payments: search, filters and pages. */
import { useLocation } from "preact-iso";
import { call } from "../api/call.js";
import { session } from "../api/session.js";
import { shortName } from "../api/short-name.js";
import type { Payment } from "../gen/api.js";
import { texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { StateBadge } from "../ui/badge.js";
import { declineText } from "../ui/decline-text.js";
import { SelectField, TextField } from "../ui/fields.js";
import { Filters } from "../ui/filters.js";
import { Empty, Shown } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { type Column, Table } from "../ui/table.js";
import { CardText, Money, shortened, Time } from "../ui/values.js";

const PAGE_SIZE = 25;
/** Those that ListPayments takes. */
const STATES = ["PENDING", "SUCCEEDED", "DECLINED", "REFUNDED", "AUTHORIZED", "CANCELED"];
const PAYMENT_ID = /^pay_[a-z2-7]{32}$/;

export function PaymentsPage() {
  const { query } = useLocation();
  const words = texts.value.payments;
  const merchant = session.value?.subject ?? "";
  const paged = usePages(JSON.stringify(query), async (pageToken, signal) => {
    const { search = "", state = "", from, to, lastFour, clientReference } = query;
    // An id finds one payment, whatever else is asked for.
    if (PAYMENT_ID.test(search)) {
      const { payment } = await call("GetPayment", { path: { id: search }, signal });
      return { payments: payment === undefined ? [] : [payment], nextPageToken: "" };
    }
    return call("ListPayments", {
      query: {
        pageSize: PAGE_SIZE,
        pageToken,
        requestId: search,
        state: state === "" ? "" : `PAYMENT_STATE_${state}`,
        cardLastFour: lastFour ?? "",
        clientReference: clientReference ?? "",
        startTime: instantOf(from),
        endTime: instantOf(to),
      },
      signal,
    });
  });
  return (
    <Page title={words.title} heading={words.of(merchant)}>
      <PaymentFilters query={query} />
      <Shown loaded={paged}>
        {({ payments }) =>
          payments.length === 0 ? <Empty>{words.empty}</Empty> : <PaymentTable payments={payments} />
        }
      </Shown>
      <Pager paged={paged} />
    </Page>
  );
}

/** What a field for a local time holds, as the API takes it. */
function instantOf(local: string | undefined): string {
  const time = new Date(local ?? "");
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}

function PaymentFilters({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const { payments: words, common } = texts.value;
  const of = (name: string) => query[name] ?? "";
  return (
    <Filters label={words.title}>
      <TextField label={`${words.find} / ${words.requestId}`} name="search" type="search" value={of("search")} />
      <SelectField
        label={words.state}
        name="state"
        value={of("state")}
        options={[["", common.any], ...STATES.map((state) => [state, words.states[state] ?? state] as const)]}
      />
      <TextField
        label={words.lastFour}
        name="lastFour"
        value={of("lastFour")}
        inputMode="numeric"
        pattern="[0-9]{4}"
        maxLength={4}
      />
      <TextField label={words.clientReference} name="clientReference" value={of("clientReference")} />
      <TextField label={words.from} name="from" type="datetime-local" value={of("from")} />
      <TextField label={words.to} name="to" type="datetime-local" value={of("to")} />
    </Filters>
  );
}

function PaymentTable({ payments }: { readonly payments: readonly Payment[] }) {
  const { payments: words, common } = texts.value;
  const columns: readonly Column<Payment>[] = [
    {
      heading: common.amount,
      isNumber: true,
      cell: ({ amount }) => (
        <strong>
          <Money value={amount} />
        </strong>
      ),
    },
    {
      heading: words.state,
      cell: ({ state }) => <StateBadge state={shortName(state, "PAYMENT_STATE_")} names={words.states} />,
    },
    { heading: words.card, cell: ({ card }) => (card === undefined ? "–" : <CardText {...card} />) },
    {
      heading: words.description,
      cell: ({ description, decline }) => (
        <span class="two-lines">
          <span class="clip">{description || "–"}</span>
          {decline !== undefined && <span class="muted clip">{declineText(decline.reason, words.declines)}</span>}
        </span>
      ),
    },
    { heading: words.created, cell: ({ createTime }) => <Time value={createTime} /> },
    {
      heading: common.id,
      isHeading: true,
      cell: ({ id }) => (
        <a href={LINKS.payment(id)} aria-label={id}>
          <code>{shortened(id)}</code>
        </a>
      ),
    },
  ];
  return <Table caption={words.caption} columns={columns} rows={payments} keyOf={({ id }) => id} />;
}
