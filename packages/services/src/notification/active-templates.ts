/**
 * The templates in use, read again from time to time so that a new version takes effect without a restart. Each is
 * checked before it is used. An active version that cannot tell every end is passed over for the last one before it that
 * can: a mistake in a text stops no notification.
 */
import type { Database, Session } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import { serviceMeter } from "../platform/meter.js";
import { problemOf } from "./check-template.js";
import { languagesFor } from "./language-tag.js";
import { readActiveTemplates } from "./operations/read-active-templates.js";
import { readEarlierVersions } from "./operations/read-earlier-versions.js";
import { TEMPLATE_PARTS, type Template, type TemplateRenderer } from "./render-template.js";
import { NEW_TEMPLATES } from "./stored-template.js";
import type { TemplateName } from "./template-variables.js";

/** A new version is in use after this time at most. */
const REFRESH_INTERVAL_MS = 5_000;

/** What a new template is told in where the installation's language has none of it yet: its ends must not wait for one. */
const LANGUAGE_OF_RELEASES = "en";

/** No version of a template can be used in the installation's language: nobody's payment is at fault, so the messages must wait. */
export class TemplateMissingError extends Error {
  override readonly name = "TemplateMissingError";
}

/** What came of one active version. */
interface Choice {
  readonly active: Template;
  /** What is wrong with it; undefined when it is in use. */
  readonly problem: string | undefined;
  /** The active version, or an earlier one; undefined when none can be used. */
  readonly used: Template | undefined;
}

export interface ActiveTemplatesOptions {
  readonly database: Database;
  readonly renderer: TemplateRenderer;
  readonly log: Logger;
  /** The language that is spoken where nobody asked for another one, or for one that has no template. */
  readonly language: string;
  /** The clock: milliseconds [performance.now]. */
  readonly now?: () => number;
}

export class ActiveTemplates {
  readonly #options: ActiveTemplatesOptions;
  readonly #now: () => number;
  /** By language and name. */
  #choices: ReadonlyMap<string, Choice> = new Map();
  #readTimeMs = Number.NEGATIVE_INFINITY;

  constructor(options: ActiveTemplatesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    serviceMeter()
      .createObservableGauge("quittance.templates.unusable", {
        description: "Active templates that cannot tell every end, so that an earlier version is used, or none.",
        unit: "{template}",
      })
      .addCallback((result) => result.observe(this.#unusable()));
  }

  /**
   * Reads the templates again when they are old, or when the one that is asked for was not there.
   * @param session where they are read [a connection of its own]
   */
  async refresh(session?: Session): Promise<void> {
    if (this.#now() - this.#readTimeMs < REFRESH_INTERVAL_MS) return;
    const { database } = this.#options;
    const read = (on: Session) => this.#read(on);
    this.#choices = await (session === undefined ? database.autoCommit(read) : read(session));
    this.#readTimeMs = this.#now();
  }

  /**
   * The template in `asked`, in a wider language of it, or in the installation's language, whichever has one first. A template
   * that came with this release is there in the language of releases at least.
   * @throws TemplateMissingError when none of them has.
   */
  get(name: TemplateName, asked: string = this.#options.language): Template {
    const { language } = this.#options;
    const last = NEW_TEMPLATES.includes(name) ? [LANGUAGE_OF_RELEASES] : [];
    for (const one of [...languagesFor(asked, language), ...last]) {
      const used = this.#choices.get(keyOf(name, one))?.used;
      if (used !== undefined) return used;
    }
    this.#readTimeMs = Number.NEGATIVE_INFINITY;
    const choice = this.#choices.get(keyOf(name, language));
    const why =
      choice === undefined
        ? `No version of template ${name} is active in language ${language}`
        : `Neither the active version ${choice.active.version} of template ${name} in language ${language} nor an ` +
          `earlier one can be used (${choice.problem})`;
    throw new TemplateMissingError(
      `${why}: activate one by \`quittance templates activate\`, or set NOTIFICATION_LANGUAGE to a language that has one.`,
    );
  }

  async #read(session: Session): Promise<Map<string, Choice>> {
    const choices = new Map<string, Choice>();
    for (const active of await readActiveTemplates(session)) {
      choices.set(keyOf(active.name, active.language), await this.#choose(session, active));
    }
    return choices;
  }

  async #choose(client: Session, active: Template): Promise<Choice> {
    const { renderer, log } = this.#options;
    const before = this.#choices.get(keyOf(active.name, active.language));
    const isKnown = before !== undefined && isSame(before.active, active);
    // The same object is compiled once, and a version that is good stays so.
    if (isKnown && before.problem === undefined) return before;
    const problem = problemOf(active, renderer);
    if (problem === undefined) return { active, problem, used: active };
    const earlier = await readEarlierVersions(client, active);
    const found = earlier.find((template) => problemOf(template, renderer) === undefined);
    const used = found !== undefined && before?.used !== undefined && isSame(before.used, found) ? before.used : found;
    if (!isKnown || before.used?.version !== used?.version) {
      const { name, language, version } = active;
      log.error(
        { template: name, language, version, used: used?.version, reason: problem },
        used === undefined ? "template cannot be used, nor any before it" : "template cannot be used, one before it is",
      );
    }
    return { active, problem, used };
  }

  #unusable(): number {
    return [...this.#choices.values()].filter(({ problem }) => problem !== undefined).length;
  }
}

function keyOf(name: string, language: string): string {
  return `${language} ${name}`;
}

function isSame(one: Template, other: Template): boolean {
  return one.version === other.version && TEMPLATE_PARTS.every((part) => one[part] === other[part]);
}
