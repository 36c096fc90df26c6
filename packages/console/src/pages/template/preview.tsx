/** How notifications look that are written by a version of a template: the service writes the examples. */
import { call } from "../../api/call.js";
import { useLoad } from "../../api/use-load.js";
import type { TemplateVersion } from "../../gen/api.js";
import { texts } from "../../i18n/i18n.js";
import { Shown } from "../../ui/notes.js";
import { Panel } from "../../ui/page.js";

export function Preview({ version: { name, language, version } }: { readonly version: TemplateVersion }) {
  const { templates: words } = texts.value;
  const loaded = useLoad(`${name} ${language} ${version}`, (signal) =>
    call("PreviewTemplate", { path: { name, language }, body: { version }, signal }),
  );
  return (
    <Panel title={words.previewOf(version)}>
      <Shown loaded={loaded}>
        {({ previews }) => (
          <ul class="cards">
            {previews.map(({ kind, subject, body, htmlBody }) => (
              <li key={kind} class="preview" lang={language}>
                {kind !== "" && <p class="muted">{kind}</p>}
                {subject !== "" && <strong>{subject}</strong>}
                <pre>{body}</pre>
                {htmlBody !== "" && (
                  <details>
                    <summary>{words.html}</summary>
                    <pre>{htmlBody}</pre>
                  </details>
                )}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}
