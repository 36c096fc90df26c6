/** `templates create`, `activate` and `roll-back`: what the API does, with the operator's name in both histories. */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import { TemplateRenderer } from "../../notification/render-template.js";
import {
  type ActiveVersionChange,
  activateTemplateVersion,
  readTemplate,
  rollBackTemplate as rollBack,
} from "../../notification/template-management/change-active-version.js";
import { createTemplateVersion } from "../../notification/template-management/create-template-version.js";
import { PipelinedSession, type Session } from "../../platform/transaction.js";
import { type Actor, actorOf, recordAction } from "./action-record.js";
import { type CommandCall, EXIT, type ExitCode, toJson } from "./command.js";
import { inTransaction } from "./operator-database.js";
import {
  identityOf,
  onTemplates,
  requiredTemplate,
  requiredVersion,
  textsOf,
  versionOption,
} from "./template-options.js";

export async function createTemplate(call: CommandCall): Promise<ExitCode> {
  const by = actorOf(call);
  const given = { ...requiredTemplate(call), ...(await textsOf(call)), requestId: randomUUID() };
  return onTemplates(call, async (client) => {
    const made = await inTransaction(client, async () => {
      const version = await createTemplateVersion(sessionOf(client), new TemplateRenderer(), { ...given, by });
      await record(client, "create", { ...version, by });
      return version;
    });
    call.terminal.out(
      call.json
        ? `${toJson(made)}\n`
        : `template ${identityOf(made).join(" ")} is made. Activate it to put it into use.\n`,
    );
    return EXIT.ok;
  });
}

export async function activateTemplate(call: CommandCall): Promise<ExitCode> {
  const wanted = requiredVersion(call);
  const by = actorOf(call);
  return change(call, "activate", by, (session) =>
    activateTemplateVersion(session, new TemplateRenderer(), { ...wanted, by }),
  );
}

export async function rollBackTemplate(call: CommandCall): Promise<ExitCode> {
  const key = requiredTemplate(call);
  const by = actorOf(call);
  const named = versionOption(call);
  return change(call, "roll-back", by, async (session) => {
    // The version in use, unless the caller says which one it means.
    const activeVersion = named ?? (await readTemplate(session, key)).activeVersion ?? 0;
    return rollBack(session, new TemplateRenderer(), { ...key, activeVersion, by });
  });
}

function change(
  call: CommandCall,
  verb: "activate" | "roll-back",
  by: Actor,
  work: (session: Session) => Promise<ActiveVersionChange>,
): Promise<ExitCode> {
  return onTemplates(call, async (client) => {
    const { template, changed } = await inTransaction(client, async () => {
      const outcome = await work(sessionOf(client));
      const { name, language, activeVersion } = outcome.template;
      if (outcome.changed) await record(client, verb, { name, language, version: activeVersion ?? 0, by });
      return outcome;
    });
    const { name, language, activeVersion } = template;
    const subject = `template ${name} ${language} ${activeVersion}`;
    const sentence = changed ? `${subject} is in use.` : `${subject} was in use already.`;
    call.terminal.out(
      call.json ? `${toJson({ name, language, version: activeVersion, active: true })}\n` : `${sentence}\n`,
    );
    return EXIT.ok;
  });
}

function record(
  client: pg.Client,
  verb: string,
  { name, language, version, by }: { name: string; language: string; version: number; by: Actor },
): Promise<void> {
  const subject = `template ${name} ${language} ${version}`;
  return recordAction(client, { ...by, command: `templates ${verb}`, subject });
}

/** The command's own transaction, as the service's operations take theirs. */
function sessionOf(client: pg.Client): Session {
  return new PipelinedSession(client);
}
