/** One account: its owner, its card, its statement, and the switch that freezes it. */
import { useRoute } from "preact-iso";
import { call } from "../api/call.js";
import { mayChange } from "../api/session.js";
import { shortName } from "../api/short-name.js";
import { type Loaded, useLoad } from "../api/use-load.js";
import type { Client, Entry, Merchant } from "../gen/api.js";
import { formatMoney, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { StateBadge } from "../ui/badge.js";
import { Change } from "../ui/change.js";
import { Empty, Shown } from "../ui/notes.js";
import { Facts, Page, Panel } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { type Column, Table } from "../ui/table.js";
import { CardText, Id, ShortId, Time } from "../ui/values.js";
import { accountState } from "./accounts.js";

type Account = Merchant & Pick<Client, "card">;

/** What differs between clients and merchants. */
interface Kind {
  read(id: string, signal: AbortSignal): Promise<Account | undefined>;
  entries(id: string, pageToken: string, signal: AbortSignal): Promise<EntriesPage>;
  freeze(id: string, reason: string): Promise<unknown>;
  unfreeze(id: string, reason: string): Promise<unknown>;
}
interface EntriesPage {
  readonly entries: readonly Entry[];
  readonly nextPageToken: string;
}

const PAGE_SIZE = 25;

const CLIENT: Kind = {
  read: async (id, signal) => (await call("GetClient", { path: { id }, signal })).client,
  entries: (id, pageToken, signal) =>
    call("ListClientEntries", { path: { id }, query: { pageSize: PAGE_SIZE, pageToken }, signal }),
  freeze: (id, reason) => call("FreezeClient", { path: { id }, body: { reason } }),
  unfreeze: (id, reason) => call("UnfreezeClient", { path: { id }, body: { reason } }),
};
const MERCHANT: Kind = {
  read: async (id, signal) => (await call("GetMerchant", { path: { id }, signal })).merchant,
  entries: (id, pageToken, signal) =>
    call("ListMerchantEntries", { path: { id }, query: { pageSize: PAGE_SIZE, pageToken }, signal }),
  freeze: (id, reason) => call("FreezeMerchant", { path: { id }, body: { reason } }),
  unfreeze: (id, reason) => call("UnfreezeMerchant", { path: { id }, body: { reason } }),
};

export function ClientPage() {
  return <AccountPage kind={CLIENT} />;
}

export function MerchantPage() {
  return <AccountPage kind={MERCHANT} />;
}

function AccountPage({ kind }: { readonly kind: Kind }) {
  const { id = "" } = useRoute().params;
  const { accounts: words, common } = texts.value;
  const loaded = useLoad(id, (signal) => kind.read(id, signal));
  const account = loaded.value;
  const list = kind === CLIENT ? LINKS.accounts() : `${LINKS.accounts()}?kind=merchants`;
  return (
    <Page
      title={id}
      heading={
        <span class="payment-heading">
          {account?.name ?? id}
          {account !== undefined && <StateBadge state={accountState(account.state)} names={words.states} />}
        </span>
      }
      back={{ href: list, name: kind === CLIENT ? words.clients : words.merchants }}
      actions={account !== undefined && <FreezeButton kind={kind} account={account} loaded={loaded} />}
    >
      <Shown loaded={loaded}>
        {(known) =>
          known && (
            <div class="split">
              <div>
                <Statement kind={kind} account={known} />
              </div>
              <div>
                <Panel title={common.details}>
                  <Facts
                    facts={[
                      [common.id, <Id key="id" value={known.id} />],
                      [
                        words.balance,
                        <strong key="balance" class="number">
                          {formatMoney(known.currencyCode, known.balance)}
                        </strong>,
                      ],
                      [common.currency, known.currencyCode],
                      [words.opened, <Time key="opened" value={known.createTime} />],
                    ]}
                  />
                </Panel>
                {kind === CLIENT && <CardPanel card={known.card} />}
              </div>
            </div>
          )
        }
      </Shown>
    </Page>
  );
}

function CardPanel({ card }: { readonly card: Client["card"] }) {
  const { accounts: words } = texts.value;
  return (
    <Panel title={words.cards}>
      {card === undefined ? (
        <Empty>{words.noCard}</Empty>
      ) : (
        <Facts
          facts={[
            [words.card, <CardText key="card" {...card} />],
            [words.expires, `${String(card.expiryMonth).padStart(2, "0")}/${card.expiryYear}`],
          ]}
        />
      )}
    </Panel>
  );
}

function Statement({ kind, account }: { readonly kind: Kind; readonly account: Account }) {
  const { accounts: words, common } = texts.value;
  const paged = usePages(`${account.id} ${account.updateTime}`, (pageToken, signal) =>
    kind.entries(account.id, pageToken, signal),
  );
  const money = (minorUnits: string) => formatMoney(account.currencyCode, minorUnits);
  const columns: readonly Column<Entry>[] = [
    { heading: common.time, cell: ({ time }) => <Time value={time} /> },
    {
      heading: words.about,
      isHeading: true,
      cell: ({ kind: what, payment, requestId }) => {
        const name = shortName(what, "ENTRY_KIND_");
        return (
          <>
            {words.entryKinds[name] ?? name}{" "}
            {payment !== "" ? (
              <a href={LINKS.payment(payment)}>
                <ShortId id={payment} />
              </a>
            ) : (
              <code>{requestId}</code>
            )}
          </>
        );
      },
    },
    { heading: common.amount, isNumber: true, cell: ({ amount }) => money(amount) },
    { heading: words.balance, isNumber: true, cell: ({ balance }) => money(balance) },
  ];
  return (
    <Panel title={words.statement}>
      <Shown loaded={paged}>
        {({ entries }) =>
          entries.length === 0 ? (
            <Empty>{words.noEntries}</Empty>
          ) : (
            <Table
              caption={words.statementCaption}
              columns={columns}
              rows={entries}
              keyOf={({ payment, refund, requestId, kind: what, time }) =>
                [payment, refund, requestId, what, time].join(" ")
              }
            />
          )
        }
      </Shown>
      <Pager paged={paged} />
    </Panel>
  );
}

function FreezeButton({
  kind,
  account: { id, state },
  loaded,
}: {
  readonly kind: Kind;
  readonly account: Account;
  readonly loaded: Loaded<unknown>;
}) {
  const { accounts: words } = texts.value;
  const short = accountState(state);
  if (!mayChange("accounts:write") || (short !== "OPEN" && short !== "FROZEN")) return null;
  const isOpen = short === "OPEN";
  return (
    <Change
      label={isOpen ? words.freeze : words.unfreeze}
      title={isOpen ? words.freezeTitle(id) : words.unfreezeTitle(id)}
      text={isOpen ? words.freezeText : words.unfreezeText}
      reason="required"
      isDangerous={isOpen}
      onConfirm={async (entered) => {
        const reason = String(entered.get("reason"));
        await (isOpen ? kind.freeze(id, reason) : kind.unfreeze(id, reason));
        loaded.reload();
        return isOpen ? words.frozen(id) : words.unfrozen(id);
      }}
    />
  );
}
