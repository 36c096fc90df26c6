/** Makes a version of a template, once for each request of its maker. */
import type { Session } from "../../platform/database.js";
import type { ManagementError } from "../../shared/management-error.js";
import { problemsOf } from "../check-template.js";
import { findTemplateRequest } from "../operations/find-template-actions.js";
import { findTemplateVersions } from "../operations/find-template-versions.js";
import { insertTemplateAction } from "../operations/insert-template-action.js";
import { insertTemplateVersion } from "../operations/insert-template-version.js";
import type { TemplateRenderer } from "../render-template.js";
import type { StoredAction, StoredVersion } from "../stored-template.js";
import { type By, FieldChecks, type TemplateKey } from "./template-fields.js";
import { refusal } from "./template-refusal.js";

/** Versions that a template may have: nothing deletes them. */
const MAXIMUM_VERSIONS = 1_000;
/** Times that somebody else may take the next number first. */
const MAXIMUM_TRIES = 10;

/** The texts of a version. */
export interface TemplateTexts {
  readonly subject: string;
  readonly body: string;
  /** Empty where the HTML is made from the body. */
  readonly htmlBody: string;
}

export interface NewTemplateVersion extends TemplateKey, TemplateTexts {
  readonly requestId: string;
}

/**
 * Keeps a version that can tell every end. Call it in a transaction.
 * @throws ManagementError INVALID_FIELDS, INVALID_TEMPLATE, REQUEST_ID_REUSED, TOO_MANY_VERSIONS.
 */
export async function createTemplateVersion(
  session: Session,
  renderer: TemplateRenderer,
  { by, ...given }: NewTemplateVersion & { readonly by: By },
): Promise<StoredVersion> {
  checkTexts(new FieldChecks().key(given).requestId(given.requestId).reason(by.reason), given).end();
  const { name, language, subject, body, requestId } = given;
  const texts = { name, language, subject, body, htmlBody: given.htmlBody || null };
  refuseProblems("INVALID_TEMPLATE", { ...texts, version: 0 }, renderer);
  for (let attempt = 1; attempt <= MAXIMUM_TRIES; attempt++) {
    const before = await findTemplateRequest(session, { actor: by.actor, requestId });
    if (before !== undefined) return sameVersion(session, before, texts);
    const made = await insertTemplateVersion(session, { ...texts, creator: by.actor, requestId });
    // Somebody took the number, or made a version for this very request.
    if (made === undefined) continue;
    if (made.version > MAXIMUM_VERSIONS) {
      throw refusal("TOO_MANY_VERSIONS", `A template has ${MAXIMUM_VERSIONS} versions at most.`);
    }
    const { version } = made;
    const action = { kind: "create", name, language, version, formerVersion: null, ...by, requestId } as const;
    if (!(await insertTemplateAction(session, action))) throw reused();
    return made;
  }
  throw new Error(`The next version of template ${name} ${language} was taken ${MAXIMUM_TRIES} times.`);
}

/** Checks the sources of a template's texts. */
export function checkTexts(checks: FieldChecks, { subject, body, htmlBody }: TemplateTexts): FieldChecks {
  return checks.source(subject, "subject").source(body, "body").source(htmlBody, "html_body");
}

/** @throws ManagementError with a violation for each text that cannot tell every end. */
export function refuseProblems(
  reason: "INVALID_TEMPLATE" | "UNUSABLE_TEMPLATE",
  template: Parameters<typeof problemsOf>[0],
  renderer: TemplateRenderer,
): void {
  const problems = problemsOf(template, renderer);
  if (problems.length === 0) return;
  const fields = problems.map(({ field }) => field).join(", ");
  throw refusal(reason, `The template cannot tell every end: see ${fields}.`, problems);
}

/** What the request made before. @throws ManagementError REQUEST_ID_REUSED when that was another thing. */
async function sameVersion(
  session: Session,
  before: StoredAction,
  texts: Pick<StoredVersion, "name" | "language" | "subject" | "body" | "htmlBody">,
): Promise<StoredVersion> {
  const { kind, version } = before;
  const isSameTemplate = before.name === texts.name && before.language === texts.language;
  if (kind !== "create" || !isSameTemplate) throw reused();
  const [made] = await findTemplateVersions(session, { ...texts, version, limit: 1 });
  const isSame = (["subject", "body", "htmlBody"] as const).every((part) => made?.[part] === texts[part]);
  if (made === undefined || !isSame) throw reused();
  return made;
}

function reused(): ManagementError {
  return refusal(
    "REQUEST_ID_REUSED",
    "The request_id was used before for another version. Use another one for each version.",
  );
}
