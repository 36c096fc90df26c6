/** What the services keep of a payment: ledger entries, notifications, and messages that are on the broker. */
import type { Story, StoryEntry } from "../../api/story.js";
import { formatMoney, texts } from "../../i18n/i18n.js";
import { Badge } from "../../ui/badge.js";
import { Empty } from "../../ui/notes.js";
import { Panel } from "../../ui/page.js";
import { type Column, Table } from "../../ui/table.js";
import { Id, Time } from "../../ui/values.js";

export function Entries({ story }: { readonly story: Story }) {
  const { payment: words, accounts, common } = texts.value;
  const columns: readonly Column<StoryEntry>[] = [
    { heading: words.bank, cell: ({ bank }) => bank },
    { heading: words.kind, cell: ({ kind }) => accounts.entryKinds[kind.toUpperCase().replace("-", "_")] ?? kind },
    { heading: words.account, isHeading: true, cell: ({ account }) => <code>{account}</code> },
    { heading: common.time, cell: ({ time }) => <Time value={time} /> },
    {
      heading: words.debit,
      isNumber: true,
      cell: ({ direction, currency, amount }) =>
        direction === "debit" ? formatMoney(currency, amount.replace("-", "")) : "",
    },
    {
      heading: words.credit,
      isNumber: true,
      cell: ({ direction, currency, amount }) => (direction === "credit" ? formatMoney(currency, amount) : ""),
    },
  ];
  return (
    <Panel title={words.entries}>
      {story.entries.length === 0 ? (
        <Empty>{words.noEntries}</Empty>
      ) : (
        <Table
          caption={words.entriesCaption}
          columns={columns}
          rows={story.entries}
          keyOf={({ bank, kind, account, direction, refundId }) => [bank, kind, account, direction, refundId].join(" ")}
        />
      )}
    </Panel>
  );
}

export function Notifications({ story }: { readonly story: Story }) {
  const words = texts.value.payment;
  return (
    <Panel title={words.notifications}>
      {story.notifications.length === 0 ? (
        <Empty>{words.noNotifications}</Empty>
      ) : (
        <ul class="cards">
          {story.notifications.map((one) => (
            <li key={`${one.templateName} ${one.channel} ${one.language} ${one.refundId}`}>
              <div class="step-head">
                <strong>{one.templateName}</strong>
                <Badge tone={one.sentTime === null ? "warn" : "good"}>{one.state}</Badge>
              </div>
              <p class="muted">
                {one.channel}, {one.language}, {words.attempts.toLowerCase()}: {one.attempts}
              </p>
              <Time value={one.sentTime ?? one.createTime} />
              {one.lastError !== null && <p class="bad">{one.lastError}</p>}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function Messages({ story }: { readonly story: Story }) {
  const words = texts.value.payment;
  const messages = story.messages ?? [];
  if (messages.length === 0) return null;
  return (
    <Panel title={words.messages}>
      <Table
        caption={words.messagesCaption}
        columns={[
          {
            heading: texts.value.common.state,
            cell: ({ state }) => <Badge tone={state === "dead" ? "bad" : "warn"}>{words.messageStates[state]}</Badge>,
          },
          { heading: words.queue, isHeading: true, cell: ({ queue }) => <code>{queue}</code> },
          {
            heading: words.message,
            cell: ({ messageId }) => (messageId === null ? "–" : <Id value={messageId} short />),
          },
          { heading: texts.value.common.time, cell: ({ since }) => <Time value={since} /> },
          { heading: texts.value.deadLetters.why, cell: ({ reason }) => <span lang="en">{reason ?? "–"}</span> },
        ]}
        rows={messages}
        keyOf={({ queue, messageId }) => `${queue} ${messageId}`}
      />
    </Panel>
  );
}
