/** The templates in use, read anew from time to time so that a new version takes effect without a restart. */
import type { Database } from "../platform/database.js";
import { readActiveTemplates } from "./operations/read-active-templates.js";
import type { Template } from "./render-template.js";
import type { TemplateName } from "./template-variables.js";

/** A new version is in use after this time at the latest. */
const REFRESH_INTERVAL_MS = 5_000;

/** No version of a template is active in the language: nobody's payment is at fault, so the messages must wait. */
export class TemplateMissingError extends Error {
  override readonly name = "TemplateMissingError";
}

export class ActiveTemplates {
  readonly #database: Database;
  readonly #language: string;
  readonly #now: () => number;
  #byName: ReadonlyMap<string, Template> = new Map();
  #readTimeMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database, language: string, now: () => number = () => performance.now()) {
    this.#database = database;
    this.#language = language;
    this.#now = now;
  }

  /** Reads the templates again when they are old, or when the one that is asked for was not there. */
  async refresh(): Promise<void> {
    if (this.#now() - this.#readTimeMs < REFRESH_INTERVAL_MS) return;
    const rows = await this.#database.read((client) => readActiveTemplates(client, this.#language));
    this.#byName = new Map(rows.map((template) => [template.name, template]));
    this.#readTimeMs = this.#now();
  }

  /** @throws TemplateMissingError */
  get(name: TemplateName): Template {
    const template = this.#byName.get(name);
    if (template === undefined) {
      this.#readTimeMs = Number.NEGATIVE_INFINITY;
      throw new TemplateMissingError(
        `No version of template ${name} is active in language ${this.#language}: ` +
          "activate one in notification.templates, or set NOTIFICATION_LANGUAGE to a language that has one.",
      );
    }
    return template;
  }
}
