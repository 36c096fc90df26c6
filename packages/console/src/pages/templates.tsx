/** Templates of notifications. */
import { call } from "../api/call.js";
import { texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { Empty, Shown } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { Table } from "../ui/table.js";
import { Time } from "../ui/values.js";

const PAGE_SIZE = 50;

export function TemplatesPage() {
  const { templates: words } = texts.value;
  const paged = usePages("templates", (pageToken, signal) =>
    call("ListTemplates", { query: { pageSize: PAGE_SIZE, pageToken }, signal }),
  );
  return (
    <Page title={words.title}>
      <Shown loaded={paged}>
        {({ templates }) =>
          templates.length === 0 ? (
            <Empty>{words.empty}</Empty>
          ) : (
            <Table
              caption={words.caption}
              rows={templates}
              keyOf={({ name, language }) => `${name} ${language}`}
              columns={[
                {
                  heading: words.name,
                  isHeading: true,
                  cell: ({ name, language }) => (
                    <a href={LINKS.template(name, language)}>
                      {name} <span class="muted">{language}</span>
                    </a>
                  ),
                },
                { heading: words.active, cell: ({ activeVersion }) => words.version(activeVersion) },
                { heading: words.latest, cell: ({ latestVersion }) => words.version(latestVersion) },
                {
                  heading: words.variables,
                  cell: ({ variables }) => <span class="muted">{variables.join(", ")}</span>,
                },
                { heading: words.updated, cell: ({ updateTime }) => <Time value={updateTime} /> },
              ]}
            />
          )
        }
      </Shown>
      <Pager paged={paged} />
    </Page>
  );
}
