/** Pages of templates, of their versions and of their histories. */
import type { Session } from "../../platform/database.js";
import type { Page } from "../../shared/pages.js";
import { findTemplateActions } from "../operations/find-template-actions.js";
import { findTemplateVersions } from "../operations/find-template-versions.js";
import { findTemplates } from "../operations/find-templates.js";
import { type PageRequest, readPage } from "../read-page.js";
import type { StoredAction, StoredTemplate, StoredVersion } from "../stored-template.js";
import { readTemplate } from "./change-active-version.js";
import { FieldChecks, MAXIMUM_VERSION_NUMBER, type TemplateKey } from "./template-fields.js";

const WORD = /^[!-~]{1,100}$/;
const NUMBER = /^[0-9]{1,18}$/;

/** By name and language; an empty one is any. @throws ManagementError INVALID_FIELDS. */
export async function listTemplates(
  session: Session,
  { name, language, ...page }: TemplateKey & PageRequest,
): Promise<Page<StoredTemplate>> {
  const checks = new FieldChecks();
  if (name !== "") checks.name(name);
  if (language !== "") checks.language(language);
  checks.end();
  return readPage(page, {
    filters: { templates: true, name, language },
    position: [WORD, WORD],
    find: (position, limit) => {
      const [afterName = "", afterLanguage = ""] = position ?? [];
      const after = position && { name: afterName, language: afterLanguage };
      return findTemplates(session, { name: name || undefined, language: language || undefined, after, limit });
    },
    positionOf: (template) => [template.name, template.language],
  });
}

/** Newest first. @throws ManagementError INVALID_FIELDS, TEMPLATE_NOT_FOUND. */
export async function listTemplateVersions(
  session: Session,
  { name, language, ...page }: TemplateKey & PageRequest,
): Promise<Page<StoredVersion>> {
  await readTemplate(session, { name, language });
  return readPage(page, {
    filters: { versions: true, name, language },
    position: [NUMBER],
    find: (position, limit) =>
      findTemplateVersions(session, {
        name,
        language,
        before: position === undefined ? undefined : Math.min(Number(position[0]), MAXIMUM_VERSION_NUMBER),
        limit,
      }),
    positionOf: ({ version }) => [String(version)],
    bytesOf: ({ subject, body, htmlBody }) => Buffer.byteLength(`${subject}${body}${htmlBody ?? ""}`),
  });
}

/** Newest first. @throws ManagementError INVALID_FIELDS, TEMPLATE_NOT_FOUND. */
export async function listTemplateActions(
  session: Session,
  { name, language, ...page }: TemplateKey & PageRequest,
): Promise<Page<StoredAction>> {
  await readTemplate(session, { name, language });
  return readPage(page, {
    filters: { actions: true, name, language },
    position: [NUMBER],
    find: (position, limit) =>
      findTemplateActions(session, {
        name,
        language,
        before: position === undefined ? undefined : BigInt(position[0] ?? ""),
        limit,
      }),
    positionOf: ({ id }) => [String(id)],
  });
}
