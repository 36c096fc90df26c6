/** Who did what to a template, and why. */
import { call } from "../../api/call.js";
import { shortName } from "../../api/short-name.js";
import type { Template } from "../../gen/api.js";
import { texts } from "../../i18n/i18n.js";
import { Empty, Shown } from "../../ui/notes.js";
import { Panel } from "../../ui/page.js";
import { Pager, usePages } from "../../ui/pages.js";
import { Table } from "../../ui/table.js";
import { Time } from "../../ui/values.js";

const PAGE_SIZE = 10;

export function History({ template: { name, language, updateTime } }: { readonly template: Template }) {
  const { templates: words, common } = texts.value;
  const paged = usePages(`${name} ${language} ${updateTime}`, (pageToken, signal) =>
    call("ListTemplateActions", { path: { name, language }, query: { pageSize: PAGE_SIZE, pageToken }, signal }),
  );
  return (
    <Panel title={words.actions}>
      <Shown loaded={paged}>
        {({ actions }) =>
          actions.length === 0 ? (
            <Empty>{words.noActions}</Empty>
          ) : (
            <Table
              caption={words.actionsCaption}
              rows={actions}
              keyOf={({ createTime, kind, version }) => `${createTime} ${kind} ${version}`}
              columns={[
                { heading: common.time, cell: ({ createTime }) => <Time value={createTime} /> },
                {
                  heading: words.actions,
                  isHeading: true,
                  cell: ({ kind, version }) => {
                    const short = shortName(kind, "TEMPLATE_ACTION_KIND_");
                    return `${words.actionKinds[short] ?? short}: ${words.version(version)}`;
                  },
                },
                { heading: words.creator, cell: ({ actor }) => actor },
                { heading: common.reason, cell: ({ reason }) => reason || "–" },
              ]}
            />
          )
        }
      </Shown>
      <Pager paged={paged} />
    </Panel>
  );
}
