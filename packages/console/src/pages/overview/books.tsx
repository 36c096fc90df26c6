/** The statement of the books: each rule that entries, balances and payments keep, and how many break it. */
import type { BooksLine } from "../../../../services/dist/operator/books-statement.js";
import { request } from "../../api/call.js";
import type { Json } from "../../api/story.js";
import { useLoad } from "../../api/use-load.js";
import { texts } from "../../i18n/i18n.js";
import { Badge } from "../../ui/badge.js";
import { Icon } from "../../ui/icons.js";
import { Shown } from "../../ui/notes.js";
import { Panel } from "../../ui/page.js";
import { Table } from "../../ui/table.js";

interface Books {
  readonly agree: boolean;
  readonly lines: readonly Json<BooksLine>[];
}

export function BooksPanel() {
  const { overview: words, common } = texts.value;
  const loaded = useLoad("books", (signal) => request<Books>("GET", "/console/v1/books", { signal }));
  return (
    <Panel
      title={words.books}
      actions={
        <span class="actions">
          {loaded.value !== undefined && (
            <Badge tone={loaded.value.agree ? "good" : "bad"}>
              {loaded.value.agree ? words.agree : words.disagree}
            </Badge>
          )}
          <button type="button" class="ghost" onClick={loaded.reload}>
            <Icon name="refresh" />
            {common.refresh}
          </button>
        </span>
      }
    >
      <Shown loaded={loaded}>
        {({ lines }) => (
          <Table
            caption={words.booksCaption}
            rows={lines}
            keyOf={({ check, detail }) => `${check} ${detail}`}
            columns={[
              { heading: words.rule, isHeading: true, cell: ({ check }) => <span lang="en">{check}</span> },
              { heading: words.checked, isNumber: true, cell: ({ checked }) => checked },
              {
                heading: words.wrong,
                isNumber: true,
                cell: ({ wrong }) => <span class={String(wrong) === "0" ? "" : "bad"}>{wrong}</span>,
              },
              { heading: texts.value.common.details, cell: ({ detail }) => <span lang="en">{detail ?? "–"}</span> },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}
