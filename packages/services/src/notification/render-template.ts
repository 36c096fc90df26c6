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
}

export interface RenderedText {
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

/** A template cannot be rendered. The message names the template and what is wrong with it, and quotes no values. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** Longest texts, in UTF-16 code units. */
const MAXIMUM_SUBJECT_LENGTH = 200;
const MAXIMUM_BODY_LENGTH = 10_000;
const MAXIMUM_SOURCE_LENGTH = 20_000;
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

interface Compiled {
  readonly subject: CompiledText[];
  readonly body: CompiledText[];
}

/** Renders templates; each is compiled once, for as long as the same object is given. */
export class TemplateRenderer {
  readonly #engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // Partials are looked up in this map, which is empty, and never in the file system.
    templates: {},
    dynamicPartials: false,
    timezoneOffset: 0,
    parseLimit: MAXIMUM_SOURCE_LENGTH,
  });
  readonly #compiled = new WeakMap<Template, Compiled>();

  constructor() {
    for (const tag of Object.keys(this.#engine.tags)) {
      if (!ALLOWED_TAGS.has(tag)) delete this.#engine.tags[tag];
    }
  }

  /** @throws TemplateError when the template is malformed, asks for an unknown variable, or goes beyond a limit. */
  render(template: Template, variables: object): RenderedText {
    return naming(template, () => {
      const { subject, body } = this.#compile(template);
      return {
        subject: within(MAXIMUM_SUBJECT_LENGTH, "subject", this.#run(subject, variables).replace(/\s+/g, " ").trim()),
        body: within(MAXIMUM_BODY_LENGTH, "body", this.#run(body, variables).trim()),
      };
    });
  }

  /** The variables that a template names and does not make itself, in branches that are never taken too. @throws TemplateError when it is malformed. */
  variablesOf(template: Template): string[] {
    return naming(template, () => {
      const { subject, body } = this.#compile(template);
      return [...new Set([subject, body].flatMap((text) => this.#engine.globalVariablesSync(text)))].toSorted();
    });
  }

  #compile(template: Template): Compiled {
    let compiled = this.#compiled.get(template);
    if (compiled === undefined) {
      const parse = (text: string) => this.#engine.parse(text).map(PlainOutput.insteadOf);
      compiled = { subject: parse(template.subject), body: parse(template.body) };
      this.#compiled.set(template, compiled);
    }
    return compiled;
  }

  #run(text: CompiledText[], variables: object): string {
    const rendered: unknown = this.#engine.renderSync(text, variables, {
      renderLimit: MAXIMUM_RENDER_MS,
      memoryLimit: MAXIMUM_MEMORY,
    });
    return String(rendered);
  }
}

/** Whatever goes wrong is a TemplateError that names the template. */
function naming<T>({ name, language, version }: Template, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    throw new TemplateError(`Template ${name} (${language}, version ${version}) cannot be rendered: ${why}`);
  }
}

function within(maximum: number, what: string, text: string): string {
  if (text.length > maximum) throw new Error(`the ${what} is longer than ${maximum} characters`);
  return text;
}
