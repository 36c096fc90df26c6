/** Templates as the API shows them. */
import {
  type Template,
  type TemplateAction,
  TemplateActionKind,
  type TemplateVersion,
} from "../../gen/quittance/notifications/v1/templates.js";
import { isTemplateName, variableNamesOf } from "../check-template.js";
import type { StoredAction, StoredTemplate, StoredVersion } from "../stored-template.js";

export function templateResource(template: StoredTemplate): Template {
  const { name, language, activeVersion, latestVersion, updateTime } = template;
  return {
    name,
    language,
    activeVersion: activeVersion ?? 0,
    latestVersion,
    variables: isTemplateName(name) ? variableNamesOf(name) : [],
    updateTime,
  };
}

export function versionResource(stored: StoredVersion): TemplateVersion {
  const { name, language, version, subject, body, htmlBody, active, createTime, creator } = stored;
  return {
    name,
    language,
    version,
    subject,
    body,
    htmlBody: htmlBody ?? "",
    active,
    createTime,
    creator: creator ?? "",
  };
}

const KINDS = {
  create: TemplateActionKind.CREATE,
  activate: TemplateActionKind.ACTIVATE,
  "roll-back": TemplateActionKind.ROLL_BACK,
} as const satisfies Record<StoredAction["kind"], TemplateActionKind>;

export function actionResource({
  kind,
  version,
  formerVersion,
  actor,
  reason,
  createTime,
}: StoredAction): TemplateAction {
  return { kind: KINDS[kind], version, formerVersion: formerVersion ?? 0, actor, reason, createTime };
}
