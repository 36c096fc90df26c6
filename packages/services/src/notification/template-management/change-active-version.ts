/** Which version of a template is in use: changed by people, with a history. */
import type { Session } from "../../platform/database.js";
import { activateVersion } from "../operations/activate-version.js";
import { findLastUse } from "../operations/find-template-actions.js";
import { findTemplateVersions } from "../operations/find-template-versions.js";
import { findTemplates } from "../operations/find-templates.js";
import { insertTemplateAction } from "../operations/insert-template-action.js";
import { lockTemplate } from "../operations/lock-template.js";
import type { TemplateRenderer } from "../render-template.js";
import type { StoredTemplate, StoredVersion } from "../stored-template.js";
import { refuseProblems } from "./create-template-version.js";
import { type By, FieldChecks, type TemplateKey } from "./template-fields.js";
import { refusal } from "./template-refusal.js";

/** What came of it. */
export interface ActiveVersionChange {
  /** As it is now. */
  readonly template: StoredTemplate;
  /** False when it was so before, and nothing is noted. */
  readonly changed: boolean;
}

/**
 * Puts a version into use. Call it in a transaction.
 * @throws ManagementError INVALID_FIELDS, TEMPLATE_VERSION_NOT_FOUND, UNUSABLE_TEMPLATE.
 */
export async function activateTemplateVersion(
  session: Session,
  renderer: TemplateRenderer,
  { name, language, version, by }: TemplateKey & { readonly version: number; readonly by: By },
): Promise<ActiveVersionChange> {
  new FieldChecks().key({ name, language }).version(version).reason(by.reason).end();
  await lockTemplate(session, { name, language });
  const wanted = await readVersion(session, { name, language, version });
  const before = await readTemplate(session, { name, language });
  refuseProblems("UNUSABLE_TEMPLATE", wanted, renderer);
  if (wanted.active) return { template: before, changed: false };
  return use(session, { kind: "activate", before, version, by });
}

/**
 * Puts the version into use again that was in use when the present one was activated. Call it in a transaction.
 * @throws ManagementError INVALID_FIELDS, TEMPLATE_NOT_FOUND, OTHER_VERSION_ACTIVE, NOTHING_TO_ROLL_BACK,
 * UNUSABLE_TEMPLATE.
 */
export async function rollBackTemplate(
  session: Session,
  renderer: TemplateRenderer,
  { name, language, activeVersion, by }: TemplateKey & { readonly activeVersion: number; readonly by: By },
): Promise<ActiveVersionChange> {
  new FieldChecks().key({ name, language }).version(activeVersion, "active_version").reason(by.reason).end();
  await lockTemplate(session, { name, language });
  const before = await readTemplate(session, { name, language });
  if (before.activeVersion !== activeVersion) {
    const last = await findLastUse(session, { name, language });
    // The call of before, made again because its answer was lost.
    if (last?.kind === "roll-back" && last.formerVersion === activeVersion && last.version === before.activeVersion) {
      return { template: before, changed: false };
    }
    throw refusal(
      "OTHER_VERSION_ACTIVE",
      `Not version ${activeVersion} is active: ${before.activeVersion ?? "none"} is.`,
    );
  }
  const activation = await findLastUse(session, { name, language, activated: activeVersion });
  const version = activation?.formerVersion ?? undefined;
  if (version === undefined) {
    throw refusal(
      "NOTHING_TO_ROLL_BACK",
      `Nobody activated version ${activeVersion} in place of another one. Activate the version that you want.`,
    );
  }
  refuseProblems("UNUSABLE_TEMPLATE", await readVersion(session, { name, language, version }), renderer);
  return use(session, { kind: "roll-back", before, version, by });
}

/** @throws ManagementError TEMPLATE_NOT_FOUND */
export async function readTemplate(session: Session, { name, language }: TemplateKey): Promise<StoredTemplate> {
  const [template] = await findTemplates(session, { name, language, limit: 1 });
  if (template !== undefined) return template;
  throw refusal("TEMPLATE_NOT_FOUND", `There is no template ${name} in ${language}.`);
}

/** @throws ManagementError TEMPLATE_VERSION_NOT_FOUND */
export async function readVersion(
  session: Session,
  { name, language, version }: TemplateKey & { readonly version: number },
): Promise<StoredVersion> {
  const [found] = await findTemplateVersions(session, { name, language, version, limit: 1 });
  if (found !== undefined) return found;
  throw refusal("TEMPLATE_VERSION_NOT_FOUND", `There is no version ${version} of template ${name} in ${language}.`);
}

async function use(
  session: Session,
  change: {
    readonly kind: "activate" | "roll-back";
    readonly before: StoredTemplate;
    readonly version: number;
    readonly by: By;
  },
): Promise<ActiveVersionChange> {
  const { kind, before, version, by } = change;
  const { name, language, activeVersion: formerVersion } = before;
  await activateVersion(session, { name, language, version });
  await insertTemplateAction(session, { kind, name, language, version, formerVersion, ...by });
  return { template: { ...before, activeVersion: version }, changed: true };
}
