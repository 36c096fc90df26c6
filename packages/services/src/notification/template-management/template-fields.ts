/** The rules for fields that requests about templates share. What is wrong is named, and its value never repeated. */
import { checkRequestId, checkText, collectInto } from "../../shared/field-checks.js";
import { invalidRequest } from "../../shared/management-error.js";
import type { Violation } from "../../shared/violation.js";
import { isTemplateName } from "../check-template.js";
import { isLanguageTag, LANGUAGE_RULE } from "../language-tag.js";
import { MAXIMUM_SOURCE_LENGTH } from "../render-template.js";
import { TEMPLATE_NAMES } from "../template-variables.js";

/** A template by its name and language. */
export interface TemplateKey {
  readonly name: string;
  readonly language: string;
}

/** Who does something, and why. */
export interface By {
  readonly actor: string;
  readonly reason: string;
}

const MAXIMUM_REASON_LENGTH = 500;
/** The largest number that a column of versions holds. */
export const MAXIMUM_VERSION_NUMBER = 2_147_483_647;

/** Collects what is wrong with a request; `end` refuses it when anything was. */
export class FieldChecks {
  readonly #violations: Violation[] = [];

  check(good: boolean, field: string, description: string): this {
    if (!good) this.#violations.push({ field, description });
    return this;
  }

  /** The name and language of a template that there may be. */
  key({ name, language }: TemplateKey): this {
    return this.name(name).language(language);
  }

  name(name: string): this {
    return this.check(isTemplateName(name), "name", `must be one of ${TEMPLATE_NAMES.join(", ")}`);
  }

  language(language: string): this {
    return this.check(isLanguageTag(language), "language", LANGUAGE_RULE);
  }

  version(version: number, field = "version"): this {
    const isOne = Number.isInteger(version) && version >= 1 && version <= MAXIMUM_VERSION_NUMBER;
    this.check(isOne, field, "must be the number of a version, from 1");
    return this;
  }

  reason(reason: string): this {
    checkText(reason, { field: "reason", maximum: MAXIMUM_REASON_LENGTH }, collectInto(this.#violations));
    return this;
  }

  requestId(requestId: string): this {
    checkRequestId(requestId, collectInto(this.#violations));
    return this;
  }

  /** Liquid, before anybody tries to render it. */
  source(source: string, field: "subject" | "body" | "html_body"): this {
    if (field !== "html_body") this.check(source !== "", field, "is required");
    this.check(source.length <= MAXIMUM_SOURCE_LENGTH, field, `must have at most ${MAXIMUM_SOURCE_LENGTH} characters`);
    this.check(source.isWellFormed() && !source.includes("\0"), field, "must be Unicode text without NUL");
    return this;
  }

  /** @throws ManagementError INVALID_FIELDS naming every field that is wrong. */
  end(): void {
    if (this.#violations.length === 0) return;
    throw invalidRequest(this.#violations);
  }
}
