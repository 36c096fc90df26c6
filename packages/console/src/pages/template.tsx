/** One template: its versions, a preview of one, what differs between two, and which is active. */
import { useLocation, useRoute } from "preact-iso";
import { call } from "../api/call.js";
import { mayChange } from "../api/session.js";
import { useLoad } from "../api/use-load.js";
import type { Template, TemplateVersion } from "../gen/api.js";
import { texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { Badge } from "../ui/badge.js";
import { Change } from "../ui/change.js";
import { Shown } from "../ui/notes.js";
import { Page, Panel } from "../ui/page.js";
import { Table } from "../ui/table.js";
import { Time } from "../ui/values.js";
import { Difference } from "./template/difference.js";
import { History } from "./template/history.js";
import { Preview } from "./template/preview.js";

/** More than anybody compares: the newest. */
const VERSIONS = 50;

interface KnownTemplate {
  readonly template: Template;
  readonly versions: readonly TemplateVersion[];
}

async function readTemplate(name: string, language: string, signal: AbortSignal): Promise<KnownTemplate> {
  const path = { name, language };
  const [{ template }, { templateVersions }] = await Promise.all([
    call("GetTemplate", { path, signal }),
    call("ListTemplateVersions", { path, query: { pageSize: VERSIONS }, signal }),
  ]);
  return { template: template as Template, versions: templateVersions };
}

export function TemplatePage() {
  const { name = "", language = "" } = useRoute().params;
  const { query } = useLocation();
  const { templates: words } = texts.value;
  const loaded = useLoad(`${name} ${language}`, (signal) => readTemplate(name, language, signal));
  const known = loaded.value;
  return (
    <Page
      title={`${name} ${language}`}
      heading={
        <>
          {name} <span class="muted">{language}</span>
        </>
      }
      back={{ href: LINKS.templates(), name: words.title }}
      actions={known && <RollBackButton template={known.template} onDone={loaded.reload} />}
    >
      <Shown loaded={loaded}>
        {({ template, versions }) => {
          const shown = versions.find(({ version }) => String(version) === query.version) ?? activeOf(versions);
          return (
            <div class="split">
              <div>
                {shown && <Preview version={shown} />}
                {shown && <Difference versions={versions} shown={shown} compareWith={query.with} />}
                <History template={template} />
              </div>
              <div>
                <Versions known={{ template, versions }} shown={shown} onDone={loaded.reload} />
              </div>
            </div>
          );
        }}
      </Shown>
    </Page>
  );
}

function activeOf(versions: readonly TemplateVersion[]): TemplateVersion | undefined {
  return versions.find(({ active }) => active) ?? versions[0];
}

function Versions({
  known: { template, versions },
  shown,
  onDone,
}: {
  readonly known: KnownTemplate;
  readonly shown: TemplateVersion | undefined;
  readonly onDone: () => void;
}) {
  const { templates: words } = texts.value;
  const { name, language } = template;
  return (
    <Panel title={words.versions}>
      <Table
        caption={words.versionsCaption}
        rows={versions}
        keyOf={({ version }) => String(version)}
        columns={[
          {
            heading: words.versions,
            isHeading: true,
            cell: ({ version, createTime, creator }) => (
              <span class="two-lines">
                <a
                  href={`${LINKS.template(name, language)}?version=${version}`}
                  aria-current={version === shown?.version ? "true" : undefined}
                >
                  {words.version(version)}
                </a>
                <span class="muted">
                  <Time value={createTime} /> {creator}
                </span>
              </span>
            ),
          },
          {
            heading: words.isActive,
            cell: ({ version, active }) =>
              active ? (
                <Badge tone="good">{words.isActive}</Badge>
              ) : (
                mayChange("templates:write") && (
                  <Change
                    label={words.activate}
                    title={words.activateTitle(version)}
                    text={words.activateText}
                    reason="optional"
                    onConfirm={async (entered) => {
                      await call("ActivateTemplateVersion", {
                        path: { name, language, version },
                        body: { reason: String(entered.get("reason")) },
                      });
                      onDone();
                      return words.done(version);
                    }}
                  />
                )
              ),
          },
        ]}
      />
    </Panel>
  );
}

/** Offered when there is a version to roll back to. The version that is active is named, so that two do not roll back twice. */
function RollBackButton({ template, onDone }: { readonly template: Template; readonly onDone: () => void }) {
  const { templates: words } = texts.value;
  const { name, language, activeVersion } = template;
  if (!mayChange("templates:write") || activeVersion < 2) return null;
  return (
    <Change
      label={words.rollBack}
      title={words.rollBackTitle(activeVersion)}
      text={words.rollBackText}
      reason="optional"
      onConfirm={async (entered) => {
        const answer = await call("RollBackTemplate", {
          path: { name, language },
          body: { activeVersion, reason: String(entered.get("reason")) },
        });
        onDone();
        return words.done(answer.template?.activeVersion ?? activeVersion);
      }}
    />
  );
}
