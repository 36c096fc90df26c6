/** A template and its versions, as the tables have them. */
import type { Template } from "./render-template.js";
import type { TemplateName } from "./template-variables.js";

/** One version. */
export interface StoredVersion extends Template {
  readonly htmlBody: string | null;
  readonly active: boolean;
  readonly createTime: Date;
  /** Null for a version that came with a release. */
  readonly creator: string | null;
}

/** A name in one language, with what its versions come to. */
export interface StoredTemplate {
  readonly name: string;
  readonly language: string;
  /** Null when none is. */
  readonly activeVersion: number | null;
  readonly latestVersion: number;
  /** When the newest version was made. */
  readonly updateTime: Date;
}

/** What somebody did to a template. */
export interface StoredAction {
  readonly id: bigint;
  readonly kind: "create" | "activate" | "roll-back";
  readonly name: string;
  readonly language: string;
  readonly version: number;
  readonly formerVersion: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly createTime: Date;
}

/** Templates that came with this release: no system had them before. */
export const NEW_TEMPLATES: readonly TemplateName[] = ["payment-canceled", "payout", "webhook-endpoint-disabled"];

/**
 * Whether a row is the version in use. New templates came inactive, for the release before reads every active template, and
 * takes one whose name it does not know for a mistake: while an operator has put none into use, the first version is. The
 * next release may activate them, and drop this.
 */
export const IN_USE = `(active OR name IN (${NEW_TEMPLATES.map((name) => `'${name}'`).join(", ")}) AND version = 1
                AND creator IS NULL AND NOT EXISTS (
                  SELECT FROM notification.templates AS other
                  WHERE other.name = templates.name AND other.language = templates.language AND other.active))`;

/** The columns of {@link StoredVersion}. */
export const VERSION_COLUMNS = `name, language, version, subject, body, html_body AS "htmlBody", ${IN_USE} AS active,
                  create_time AS "createTime", creator`;
