/** `templates show`, `preview` and `history`. */
import { TemplateRenderer } from "../../notification/render-template.js";
import { readVersion } from "../../notification/template-management/change-active-version.js";
import { checkTexts } from "../../notification/template-management/create-template-version.js";
import { previewTemplate } from "../../notification/template-management/preview-template.js";
import { listTemplateActions } from "../../notification/template-management/read-templates.js";
import { FieldChecks } from "../../notification/template-management/template-fields.js";
import type { TemplateName } from "../../notification/template-variables.js";
import { PipelinedSession } from "../../platform/transaction.js";
import { type CommandCall, EXIT, type ExitCode, formatColumns, toJson } from "./command.js";
import { onTemplates, requiredTemplate, requiredVersion, textsOf, versionOption } from "./template-options.js";

/** Actions that are shown. */
const HISTORY_LENGTH = 100;

export async function showTemplate(call: CommandCall): Promise<ExitCode> {
  const wanted = requiredVersion(call);
  return onTemplates(call, async (client) => {
    const version = await readVersion(new PipelinedSession(client), wanted);
    const { subject, body, htmlBody } = version;
    const parts = [`${subject}\n`, `${body}\n`, ...(htmlBody === null ? [] : [`${htmlBody}\n`])];
    call.terminal.out(call.json ? `${toJson(version)}\n` : parts.join("\n"));
    return EXIT.ok;
  });
}

export async function previewTemplateTexts(call: CommandCall): Promise<ExitCode> {
  const key = requiredTemplate(call);
  const version = versionOption(call) ?? 0;
  return onTemplates(call, async (client) => {
    const checks = new FieldChecks().key(key);
    const own = version === 0 ? await textsOf(call) : undefined;
    if (own !== undefined) checkTexts(checks, own);
    checks.end();
    const texts = own ?? (await readVersion(new PipelinedSession(client), { ...key, version }));
    const { subject, body, htmlBody } = texts;
    const template = { name: key.name as TemplateName, language: key.language, version, subject, body, htmlBody };
    const previews = previewTemplate(new TemplateRenderer(), template, {});
    const pages = previews.map(({ kind, ...text }) => `${kind && `--- ${kind}\n`}${text.subject}\n\n${text.body}\n`);
    call.terminal.out(call.json ? `${toJson({ previews })}\n` : pages.join("\n"));
    return EXIT.ok;
  });
}

export async function templateHistory(call: CommandCall): Promise<ExitCode> {
  const key = requiredTemplate(call);
  return onTemplates(call, async (client) => {
    const session = new PipelinedSession(client);
    const { items } = await listTemplateActions(session, { ...key, pageSize: HISTORY_LENGTH, pageToken: "" });
    const rows = items.map(({ kind, version, formerVersion, actor, reason, createTime }) => [
      createTime.toISOString(),
      kind,
      String(version),
      formerVersion === null ? "" : `instead of ${formerVersion}`,
      `by ${actor}${reason && `: ${reason}`}`,
    ]);
    call.terminal.out(
      call.json ? `${toJson({ actions: items })}\n` : rows.length === 0 ? "" : `${formatColumns(rows)}\n`,
    );
    return EXIT.ok;
  });
}
