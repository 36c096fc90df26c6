/** Accounts of clients and merchants, with filters. */
import { useLocation } from "preact-iso";
import { call } from "../api/call.js";
import { shortName } from "../api/short-name.js";
import type { Client, Merchant } from "../gen/api.js";
import { formatMoney, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { StateBadge } from "../ui/badge.js";
import { SelectField, TextField } from "../ui/fields.js";
import { Filters } from "../ui/filters.js";
import { Empty, Shown } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { type Column, Table } from "../ui/table.js";
import { CardText, Time } from "../ui/values.js";

const PAGE_SIZE = 25;
const STATES = ["OPEN", "FROZEN", "CLOSED"];

type Account = Merchant & Pick<Client, "card">;

export function AccountsPage() {
  const { query } = useLocation();
  const { accounts: words, common } = texts.value;
  const isMerchants = query.kind === "merchants";
  const of = (name: string) => query[name] ?? "";
  const paged = usePages(JSON.stringify(query), async (pageToken, signal) => {
    const asked = {
      pageSize: PAGE_SIZE,
      pageToken,
      namePrefix: of("name"),
      currencyCode: of("currency").toUpperCase(),
    };
    const state = of("state");
    if (isMerchants) {
      const withState = { ...asked, state: state === "" ? "" : `MERCHANT_STATE_${state}` };
      const { merchants, nextPageToken } = await call("ListMerchants", { query: withState, signal });
      return { accounts: merchants as readonly Account[], nextPageToken };
    }
    const withState = { ...asked, state: state === "" ? "" : `CLIENT_STATE_${state}` };
    const { clients, nextPageToken } = await call("ListClients", { query: withState, signal });
    return { accounts: clients as readonly Account[], nextPageToken };
  });
  return (
    <Page title={words.title}>
      <nav class="tabs" aria-label={words.kind}>
        <a href={LINKS.accounts()} aria-current={isMerchants ? undefined : "page"}>
          {words.clients}
        </a>
        <a href={`${LINKS.accounts()}?kind=merchants`} aria-current={isMerchants ? "page" : undefined}>
          {words.merchants}
        </a>
      </nav>
      <Filters label={words.title} kept={isMerchants ? { kind: "merchants" } : {}}>
        <TextField label={words.namePrefix} name="name" type="search" value={of("name")} />
        <SelectField
          label={common.state}
          name="state"
          value={of("state")}
          options={[["", common.any], ...STATES.map((state) => [state, words.states[state] ?? state] as const)]}
        />
        <TextField label={common.currency} name="currency" value={of("currency")} maxLength={3} pattern="[A-Za-z]{3}" />
      </Filters>
      <Shown loaded={paged}>
        {({ accounts }) =>
          accounts.length === 0 ? (
            <Empty>{words.empty}</Empty>
          ) : (
            <AccountTable accounts={accounts} isMerchants={isMerchants} />
          )
        }
      </Shown>
      <Pager paged={paged} />
    </Page>
  );
}

function AccountTable({
  accounts,
  isMerchants,
}: {
  readonly accounts: readonly Account[];
  readonly isMerchants: boolean;
}) {
  const { accounts: words, common } = texts.value;
  const columns: readonly (Column<Account> | undefined)[] = [
    {
      heading: common.id,
      isHeading: true,
      cell: ({ id }) => <a href={isMerchants ? LINKS.merchant(id) : LINKS.client(id)}>{id}</a>,
    },
    { heading: common.name, cell: ({ name }) => name },
    {
      heading: common.state,
      cell: ({ state }) => <StateBadge state={accountState(state)} names={words.states} />,
    },
    isMerchants
      ? undefined
      : {
          heading: words.card,
          cell: ({ card }) => (card === undefined ? <span class="muted">{words.noCard}</span> : <CardText {...card} />),
        },
    { heading: words.opened, cell: ({ createTime }) => <Time value={createTime} /> },
    {
      heading: words.balance,
      isNumber: true,
      cell: ({ currencyCode, balance }) => formatMoney(currencyCode, balance),
    },
  ];
  return (
    <Table
      caption={isMerchants ? words.merchantsCaption : words.clientsCaption}
      columns={columns.filter((column) => column !== undefined)}
      rows={accounts}
      keyOf={({ id }) => id}
    />
  );
}

/** `CLIENT_STATE_OPEN` and `MERCHANT_STATE_OPEN` are `OPEN`. */
export function accountState(state: string): string {
  return shortName(shortName(state, "CLIENT_STATE_"), "MERCHANT_STATE_");
}
