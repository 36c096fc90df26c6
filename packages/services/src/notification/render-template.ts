/** Liquid templates, rendered strictly and within limits. Pure text in and out: no files, no partials, no code. */
import { type Template as CompiledText, Liquid } from "liquidjs";
import { PlainOutput } from "./plain-output.js";

/** One version of a template, as the table has it. */
export interface Template {
  readonly name: string;
  readonly language: string;
  readonly version: number;
  readonly subject: string;
  readonly body: string;
  /** The HTML part of an e-mail; null or absent: it is made from the body. */
  readonly htmlBody?: string | null;
}

/** The texts of a template. */
export const TEMPLATE_PARTS = ["subject", "body", "htmlBody"] as const;
export type TemplatePart = (typeof TEMPLATE_PARTS)[number];

export interface RenderedText {
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

/** A template cannot be rendered. The message names the template and what is wrong with it, and quotes no values. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  /** What is wrong, without the template's name. */
  readonly why: string;

  constructor({ name, language, version }: Pick<Template, "name" | "language" | "version">, why: string) {
    super(`Template ${name} (${language}, version ${version}) cannot be rendered: ${why}`);
    this.why = why;
  }
}

/** Longest rendered texts, in UTF-16 code units. */
const MAXIMUM_LENGTHS: Readonly<Record<TemplatePart, number>> = { subject: 200, body: 10_000, htmlBody: 50_000 };
/** Longest source of a text, in UTF-16 code units. */
export const MAXIMUM_SOURCE_LENGTH = 20_000;
/**
 * The tags that a template may use. Without loops, captures and partials a text takes time in proportion to its source:
 * liquidjs 10.30 declares a limit on rendered pieces (`templateLimit`) and does not hold it, and its limit on memory
 * does not see captures. No variable is a list, so nothing is lost.
 */
const ALLOWED_TAGS: ReadonlySet<string> = new Set(["assign", "case", "comment", "#", "echo", "if", "raw", "unless"]);
/** What filters may allocate, in liquidjs's units (about one for a character). */
const MAXIMUM_MEMORY = 20_000;
/** The last resort. It is wall time, so it must be far beyond what a process may have to wait for a processor. */
const MAXIMUM_RENDER_MS = 2_000;

/** Limits and strictness of both engines. */
const STRICT = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  // Partials are looked up in this map, which is empty, and never in the file system.
  templates: {},
  dynamicPartials: false,
  timezoneOffset: 0,
  parseLimit: MAXIMUM_SOURCE_LENGTH,
} as const;

/** Renders templates; each text is compiled once, for as long as the same object is given. */
export class TemplateRenderer {
  readonly #plain = allowed(new Liquid(STRICT));
  /** What a variable holds is text here too: nothing of it becomes markup. */
  readonly #html = allowed(new Liquid({ ...STRICT, outputEscape: "escape" }));
  readonly #compiled = new WeakMap<Template, Map<TemplatePart, CompiledText[]>>();

  constructor() {
    // The filter by which a text would leave the escaping out.
    delete this.#html.filters.raw;
  }

  /** @throws TemplateError when the template is malformed, asks for an unknown variable, or goes beyond a limit. */
  render(template: Template, variables: object): RenderedText {
    return {
      subject: this.renderPart(template, "subject", variables),
      body: this.renderPart(template, "body", variables),
    };
  }

  /** One text; empty where a template has none of its own. @throws TemplateError as {@link render}. */
  renderPart(template: Template, part: TemplatePart, variables: object): string {
    return naming(template, () => {
      const rendered: unknown = this.#engineOf(part).renderSync(this.#compile(template, part), variables, {
        renderLimit: MAXIMUM_RENDER_MS,
        memoryLimit: MAXIMUM_MEMORY,
      });
      const text = String(rendered).trim();
      return within(part, part === "subject" ? text.replace(/\s+/g, " ") : text);
    });
  }

  /** The variables that a text names and does not make itself, in branches that are never taken too. @throws TemplateError when it is malformed. */
  variablesOf(template: Template, part: TemplatePart): string[] {
    return naming(template, () =>
      [...new Set(this.#engineOf(part).globalVariablesSync(this.#compile(template, part)))].toSorted(),
    );
  }

  #engineOf(part: TemplatePart): Liquid {
    return part === "htmlBody" ? this.#html : this.#plain;
  }

  #compile(template: Template, part: TemplatePart): CompiledText[] {
    let parts = this.#compiled.get(template);
    if (parts === undefined) {
      parts = new Map();
      this.#compiled.set(template, parts);
    }
    let compiled = parts.get(part);
    if (compiled === undefined) {
      compiled = this.#engineOf(part).parse(template[part] ?? "");
      // It writes a variable as it is, which HTML must not.
      if (part !== "htmlBody") compiled = compiled.map(PlainOutput.insteadOf);
      parts.set(part, compiled);
    }
    return compiled;
  }
}

/** An engine without the tags that a template may not use. */
function allowed(engine: Liquid): Liquid {
  for (const tag of Object.keys(engine.tags)) if (!ALLOWED_TAGS.has(tag)) delete engine.tags[tag];
  return engine;
}

/** Whatever goes wrong is a TemplateError that names the template. */
function naming<T>(template: Template, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TemplateError(template, error instanceof Error ? error.message : "unknown");
  }
}

function within(part: TemplatePart, text: string): string {
  const maximum = MAXIMUM_LENGTHS[part];
  if (text.length <= maximum) return text;
  throw new Error(`the ${part === "htmlBody" ? "HTML" : part} is longer than ${maximum} characters`);
}
