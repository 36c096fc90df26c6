/** Payments: search, filters and pages. */
import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { listPayments, type PaymentRow, seesAllMerchants } from "../api/payments.js";
import { merchantFor } from "../api/session.js";
import { formatMoney, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { StateBadge } from "../ui/badge.js";
import { declineText } from "../ui/decline-text.js";
import { SelectField, TextField } from "../ui/fields.js";
import { Filters } from "../ui/filters.js";
import { Empty, Shown } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { type Column, Table } from "../ui/table.js";
import { CardText, ShortId, Time } from "../ui/values.js";

const PAGE_SIZE = 25;
const STATES = ["PENDING", "SUCCEEDED", "DECLINED", "REFUNDED", "AUTHORIZED", "CANCELED"];
const PAYMENT_ID = /^pay_[a-z2-7]{32}$/;

export function PaymentsPage() {
  const { query, route } = useLocation();
  const words = texts.value.payments;
  const of = (name: string) => query[name] ?? "";
  const search = of("search");
  const isId = PAYMENT_ID.test(search);
  useEffect(() => {
    // An id names one payment: it is opened.
    if (isId) route(LINKS.payment(search), true);
  }, [isId, search, route]);
  const paged = usePages(JSON.stringify(query), (pageToken, signal) =>
    listPayments(
      {
        merchant: of("merchant"),
        requestId: isId ? "" : search,
        state: of("state"),
        cardLastFour: of("lastFour"),
        clientReference: of("clientReference"),
        startTime: instantOf(of("from")),
        endTime: instantOf(of("to")),
        pageSize: PAGE_SIZE,
        pageToken,
      },
      signal,
    ),
  );
  const heading = seesAllMerchants() ? words.title : words.of(merchantFor("payments:read") ?? "");
  return (
    <Page title={words.title} heading={heading}>
      <PaymentFilters of={of} />
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
function instantOf(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}

function PaymentFilters({ of }: { readonly of: (name: string) => string }) {
  const { payments: words, common } = texts.value;
  return (
    <Filters label={words.title}>
      <TextField label={words.search} name="search" type="search" value={of("search")} />
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
      {seesAllMerchants() && <TextField label={words.merchant} name="merchant" value={of("merchant")} />}
      <TextField label={words.clientReference} name="clientReference" value={of("clientReference")} />
      <TextField label={words.from} name="from" type="datetime-local" value={of("from")} />
      <TextField label={words.to} name="to" type="datetime-local" value={of("to")} />
    </Filters>
  );
}

function PaymentTable({ payments }: { readonly payments: readonly PaymentRow[] }) {
  const { payments: words, common } = texts.value;
  const columns: readonly (Column<PaymentRow> | undefined)[] = [
    {
      heading: common.amount,
      isNumber: true,
      cell: ({ currency, amount }) => (
        <strong>{currency === null || amount === null ? "–" : formatMoney(currency, amount)}</strong>
      ),
    },
    { heading: words.state, cell: ({ state }) => <StateBadge state={state} names={words.states} /> },
    {
      heading: words.card,
      cell: ({ cardBrand, cardLastFour }) =>
        cardBrand === null || cardLastFour === null ? "–" : <CardText brand={cardBrand} lastFour={cardLastFour} />,
    },
    {
      heading: words.description,
      cell: ({ description, declineReason }) => (
        <span class="two-lines">
          <span class="clip">{description || "–"}</span>
          {declineReason !== null && <span class="muted clip">{declineText(declineReason, words.declines)}</span>}
        </span>
      ),
    },
    seesAllMerchants()
      ? { heading: words.merchant, cell: ({ merchantId }) => <a href={LINKS.merchant(merchantId)}>{merchantId}</a> }
      : undefined,
    { heading: words.created, cell: ({ acceptTime }) => <Time value={acceptTime} /> },
    {
      heading: common.id,
      isHeading: true,
      cell: ({ id }) => (
        <a href={LINKS.payment(id)}>
          <ShortId id={id} />
        </a>
      ),
    },
  ];
  return (
    <Table
      caption={words.caption}
      columns={columns.filter((column) => column !== undefined)}
      rows={payments}
      keyOf={({ id }) => id}
    />
  );
}
