/** What differs between two versions of a template, line by line. */
import { diffLines } from "diff";
import { useLocation } from "preact-iso";
import { queryText } from "../../api/call.js";
import type { TemplateVersion } from "../../gen/api.js";
import { texts } from "../../i18n/i18n.js";
import { SelectField } from "../../ui/fields.js";
import { Empty } from "../../ui/notes.js";
import { Panel } from "../../ui/page.js";

export function Difference({
  versions,
  shown,
  compareWith,
}: {
  readonly versions: readonly TemplateVersion[];
  readonly shown: TemplateVersion;
  readonly compareWith: string | undefined;
}) {
  const { templates: words } = texts.value;
  const { path, route } = useLocation();
  const others = versions.filter(({ version }) => version !== shown.version);
  const other =
    others.find(({ version }) => String(version) === compareWith) ??
    others.find(({ version }) => version < shown.version) ??
    others[0];
  if (other === undefined) {
    return (
      <Panel title={words.compare}>
        <Empty>{words.noOther}</Empty>
      </Panel>
    );
  }
  const [from, to] = other.version < shown.version ? [other, shown] : [shown, other];
  return (
    <Panel title={words.difference(from.version, to.version)}>
      <div class="panel-body">
        <SelectField
          label={words.compare}
          name="with"
          value={String(other.version)}
          options={others.map(({ version }) => [String(version), words.version(version)] as const)}
          onChange={(version) => route(`${path}${queryText({ version: shown.version, with: version })}`)}
        />
        <Lines from={textOf(from)} to={textOf(to)} />
      </div>
    </Panel>
  );
}

function textOf({ subject, body, htmlBody }: TemplateVersion): string {
  return [subject, body, htmlBody].filter((part) => part !== "").join("\n\n");
}

function Lines({ from, to }: { readonly from: string; readonly to: string }) {
  const { templates: words } = texts.value;
  const parts = diffLines(`${from}\n`, `${to}\n`);
  if (parts.every(({ added, removed }) => !added && !removed)) return <p class="muted">{words.same}</p>;
  return (
    <ol class="difference">
      {parts.flatMap(({ value, added, removed }, place) =>
        value
          .replace(/\n$/, "")
          .split("\n")
          .map((line, number) => (
            <li key={`${place} ${number}`} data-change={added ? "added" : removed ? "removed" : undefined}>
              {(added || removed) && <span class="visually-hidden">{added ? words.added : words.removed}: </span>}
              <code>{line === "" ? " " : line}</code>
            </li>
          )),
      )}
    </ol>
  );
}
