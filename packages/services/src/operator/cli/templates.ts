/** `templates`: makes the texts of notifications, tries them, and puts a version into use that can tell every end. */
import type pg from "pg";
import { problemOf } from "../../notification/check-template.js";
import { type Template, TemplateRenderer } from "../../notification/render-template.js";
import { IN_USE } from "../../notification/stored-template.js";
import { activateTemplate, createTemplate, rollBackTemplate } from "./change-templates.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { previewTemplateTexts, showTemplate, templateHistory } from "./show-templates.js";
import { identityOf, onTemplates, versionOption } from "./template-options.js";

const VERBS: Readonly<Record<string, (call: CommandCall) => Promise<ExitCode>>> = {
  list: (call) => onTemplates(call, (client) => list(call, client)),
  check: (call) => onTemplates(call, (client) => check(call, client)),
  show: showTemplate,
  preview: previewTemplateTexts,
  history: templateHistory,
  create: createTemplate,
  activate: activateTemplate,
  "roll-back": rollBackTemplate,
};

export const templates: Command = {
  name: "templates",
  summary: "Texts of notifications: list, show, check, preview, create, activate, roll back, history.",
  usage: `${Object.keys(VERBS).join("|")} [options]`,
  help: `  list       Every version of each template, and which are in use.
  show       The texts of one version.
  check      Renders them for every kind of end that there can be. Exit code 1 when one cannot tell each of them.
  preview    Renders a version, or texts of files, with sample data: one for each kind of end.
  history    Who made, activated and rolled back what, the newest first.
  create     Makes a version of the texts of files. It is not in use yet.
  activate   Puts a version into use in place of the one before.
  roll-back  Puts the version into use again that was in use when the present one was activated.

What create, activate and roll-back would put into use is checked first; a version that fails is refused, with exit code 2.
Notification takes a change within 5 s.

  --name <name>, --language <tag>, --version <n>   Which. To list and check, those that fit [all].
  --subject <text>, --body-file <path>, --html-file <path>
                                                   The texts, in Liquid, to create and preview. Without HTML it is made
                                                   from the body.
  --reason <text>, --actor <name>                  Why and who, kept in the template's history and in operator.actions:
                                                   --reason is needed to change something [the system's user].
`,
  options: Object.fromEntries(
    ["name", "language", "version", "subject", "body-file", "html-file", "actor", "reason"].map((name) => [
      name,
      { type: "string" },
    ]),
  ),
  async run(call) {
    const [verb = "", ...others] = call.positionals;
    if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much.`);
    const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (run === undefined) throw new UsageError(`templates needs one of ${Object.keys(VERBS).join(", ")}.`);
    return run(call);
  },
};

type ListedTemplate = Template & { readonly active: boolean };

/** The versions that fit. @throws UsageError when none does. */
async function find(call: CommandCall, client: pg.Client): Promise<ListedTemplate[]> {
  const { rows } = await client.query<ListedTemplate>(
    `SELECT name, language, version, subject, body, html_body AS "htmlBody", ${IN_USE} AS active FROM notification.templates
     WHERE ($1::text IS NULL OR name = $1) AND ($2::text IS NULL OR language = $2) AND ($3::int IS NULL OR version = $3)
     ORDER BY name, language, version`,
    [textOption(call, "name"), textOption(call, "language"), versionOption(call)],
  );
  if (rows.length === 0) throw new UsageError("There is no such template; templates list shows those that there are.");
  return rows;
}

async function list(call: CommandCall, client: pg.Client): Promise<ExitCode> {
  const found = await find(call, client);
  if (call.json) call.terminal.out(`${toJson({ templates: found })}\n`);
  else {
    const rows = found.map((one) => [...identityOf(one), one.active ? "in use" : "", one.subject]);
    call.terminal.out(`${formatColumns([["name", "language", "version", "", "subject"], ...rows])}\n`);
  }
  return EXIT.ok;
}

async function check(call: CommandCall, client: pg.Client): Promise<ExitCode> {
  const renderer = new TemplateRenderer();
  const checked = (await find(call, client)).map((one) => ({ one, problem: problemOf(one, renderer) }));
  if (call.json) {
    const verdicts = checked.map(({ one: { name, language, version, active }, problem }) => ({
      ...{ name, language, version, active },
      problem: problem ?? null,
    }));
    call.terminal.out(`${toJson({ templates: verdicts })}\n`);
  } else {
    const rows = checked.map(({ one, problem }) => [...identityOf(one), one.active ? "in use" : "", problem ?? "good"]);
    call.terminal.out(`${formatColumns(rows)}\n`);
  }
  return checked.some(({ problem }) => problem !== undefined) ? EXIT.wrong : EXIT.ok;
}
