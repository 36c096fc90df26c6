/** `templates`: shows the texts of notifications, tries them, and puts a version into use that can tell every end. */
import type pg from "pg";
import { problemOf } from "../../notification/check-template.js";
import { type Template, TemplateRenderer } from "../../notification/render-template.js";
import { actorOf, recordAction } from "./action-record.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  requiredOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { inTransaction, withOperatorDatabase } from "./operator-database.js";

/** The largest number that a column of versions holds. */
const MAXIMUM_VERSION = 2_147_483_647;

export const templates: Command = {
  name: "templates",
  summary: "Texts of notifications: list, check, activate a version.",
  usage: "list|check|activate [options]",
  help: `  list      Every version of each template, and which are in use.
  check     Renders them for every kind of end that there can be. Exit code 1 when one cannot tell each of them.
  activate  Puts a version into use in place of the one before, once it has passed that check. One that does not is
            refused, with exit code 2. Notification takes it within 5 s.

  --name <name>, --language <tag>, --version <n>   Which: to activate, all three; to list and check, those that fit [all].
  --reason <text>, --actor <name>                  Why and who, kept in operator.actions: --reason is needed to activate
                                                   [the system's user].

A new text is a new row of notification.templates, with the next version and active = false. The text of a version that
was used is never changed.
`,
  options: Object.fromEntries(
    ["name", "language", "version", "actor", "reason"].map((name) => [name, { type: "string" }]),
  ),
  async run(call) {
    const [verb, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much.`);
    if (verb === "list") return onDatabase(call, (client) => list(call, client));
    if (verb === "check") return onDatabase(call, (client) => check(call, client));
    if (verb === "activate") return activate(call);
    throw new UsageError("templates needs one of list, check and activate.");
  },
};

type StoredTemplate = Template & { readonly active: boolean };
type Wanted = Partial<Pick<Template, "name" | "language" | "version">>;

async function onDatabase(call: CommandCall, work: (client: pg.Client) => Promise<ExitCode>): Promise<ExitCode> {
  return withOperatorDatabase(await call.configuration.databaseUrl(), await call.configuration.tls(), work);
}

function wantedOf(call: CommandCall): Wanted {
  const [name, language] = [textOption(call, "name"), textOption(call, "language")];
  const version = textOption(call, "version");
  if (version !== undefined && !(/^[1-9][0-9]{0,9}$/.test(version) && Number(version) <= MAXIMUM_VERSION)) {
    throw new UsageError(`--version is "${version}": it must be a whole number from 1.`);
  }
  return {
    ...(name !== undefined && { name }),
    ...(language !== undefined && { language }),
    ...(version !== undefined && { version: Number(version) }),
  };
}

/** The versions that fit. @throws UsageError when none does. */
async function find(client: pg.Client, { name, language, version }: Wanted): Promise<StoredTemplate[]> {
  const { rows } = await client.query<StoredTemplate>(
    `SELECT name, language, version, subject, body, active FROM notification.templates
     WHERE ($1::text IS NULL OR name = $1) AND ($2::text IS NULL OR language = $2) AND ($3::int IS NULL OR version = $3)
     ORDER BY name, language, version`,
    [name, language, version],
  );
  if (rows.length === 0) throw new UsageError("There is no such template; templates list shows those that there are.");
  return rows;
}

async function list(call: CommandCall, client: pg.Client): Promise<ExitCode> {
  const found = await find(client, wantedOf(call));
  if (call.json) call.terminal.out(`${toJson({ templates: found })}\n`);
  else {
    const rows = found.map((one) => [...identityOf(one), one.active ? "in use" : "", one.subject]);
    call.terminal.out(`${formatColumns([["name", "language", "version", "", "subject"], ...rows])}\n`);
  }
  return EXIT.ok;
}

async function check(call: CommandCall, client: pg.Client): Promise<ExitCode> {
  const renderer = new TemplateRenderer();
  const checked = (await find(client, wantedOf(call))).map((one) => ({ one, problem: problemOf(one, renderer) }));
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

async function activate(call: CommandCall): Promise<ExitCode> {
  const [name, language] = [requiredOption(call, "name"), requiredOption(call, "language")];
  requiredOption(call, "version");
  const wanted = { ...wantedOf(call), name, language };
  const by = actorOf(call);
  return onDatabase(call, async (client) => {
    const outcome = await inTransaction(client, async () => {
      // Of two that activate at once, the second waits here for the first.
      await client.query("SELECT FROM notification.templates WHERE name = $1 AND language = $2 FOR UPDATE", [
        name,
        language,
      ]);
      const [template] = (await find(client, wanted)) as [StoredTemplate];
      const subject = `template ${identityOf(template).join(" ")}`;
      const problem = problemOf(template, new TemplateRenderer());
      if (problem !== undefined) throw new UsageError(`${subject} is not activated. ${problem}`);
      if (template.active) return `${subject} was in use already.`;
      const values = [name, language, template.version];
      await client.query(
        "UPDATE notification.templates SET active = false WHERE name = $1 AND language = $2 AND active",
        [name, language],
      );
      await client.query(
        "UPDATE notification.templates SET active = true WHERE name = $1 AND language = $2 AND version = $3",
        values,
      );
      await recordAction(client, { ...by, command: "templates activate", subject });
      return `${subject} is in use.`;
    });
    call.terminal.out(call.json ? `${toJson({ ...wanted, active: true })}\n` : `${outcome}\n`);
    return EXIT.ok;
  });
}

function identityOf({ name, language, version }: Template): [string, string, string] {
  return [name, language, String(version)];
}
