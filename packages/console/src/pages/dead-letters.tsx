/** Dead letters of all queues, or of one. */
import { useLocation } from "preact-iso";
import { type Letter, readLetters } from "../api/dead-letters.js";
import { formatNumber, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { SelectField } from "../ui/fields.js";
import { Filters } from "../ui/filters.js";
import { Empty, Shown } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { type Column, Table } from "../ui/table.js";
import { ShortId, shortened, Time } from "../ui/values.js";

const PAGE_SIZE = 25;
/** Those that have dead-letter queues. */
const QUEUES = [
  "payment",
  "validation-result",
  "bank-result",
  "transaction-result",
  "hold-order",
  "refund",
  "refund-result",
];

export function DeadLettersPage() {
  const { query } = useLocation();
  const { deadLetters: words } = texts.value;
  const { queue = "" } = query;
  const paged = usePages(queue, (pageToken, signal) => readLetters({ queue, pageSize: PAGE_SIZE, pageToken }, signal));
  return (
    <Page title={words.title}>
      <Filters label={words.title}>
        <SelectField
          label={words.queue}
          name="queue"
          value={queue}
          options={[["", words.allQueues], ...QUEUES.map((name) => [name, name] as const)]}
        />
      </Filters>
      <Shown loaded={paged}>
        {({ letters }) => (letters.length === 0 ? <Empty>{words.empty}</Empty> : <Letters letters={letters} />)}
      </Shown>
      <Pager paged={paged} />
    </Page>
  );
}

function Letters({ letters }: { readonly letters: readonly Letter[] }) {
  const { deadLetters: words, common } = texts.value;
  const columns: readonly Column<Letter>[] = [
    {
      heading: common.id,
      isHeading: true,
      cell: ({ letter, messageId }) =>
        letter === null ? (
          <span class="muted">{messageId ?? "–"}</span>
        ) : (
          <a href={LINKS.deadLetter(letter)}>
            <ShortId id={messageId ?? letter} />
          </a>
        ),
    },
    { heading: words.queue, cell: ({ queue }) => <code>{queue.replace(/^dead-letter\./, "")}</code> },
    {
      heading: words.why,
      cell: ({ reason, errorClass }) => (
        <span class="two-lines">
          <span class="clip" lang={reason === null ? undefined : "en"}>
            {reason ?? words.noReason}
          </span>
          {errorClass !== null && <span class="muted">{errorClass}</span>}
        </span>
      ),
    },
    {
      heading: words.about,
      cell: ({ about }) =>
        about?.startsWith("pay_") ? (
          <a href={LINKS.payment(about)}>
            <ShortId id={about} />
          </a>
        ) : (
          <code>{about === null ? "–" : shortened(about)}</code>
        ),
    },
    { heading: words.replays, isNumber: true, cell: ({ replays }) => formatNumber(replays) },
    { heading: common.time, cell: ({ time }) => <Time value={time} /> },
  ];
  return (
    <Table
      caption={words.caption}
      columns={columns}
      rows={letters}
      keyOf={({ letter, messageId, time, queue }) => [letter, messageId, time, queue].join(" ")}
    />
  );
}
