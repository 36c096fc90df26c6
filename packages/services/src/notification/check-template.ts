/** Whether a template can tell every end: asked before it is kept, before it is activated, and again before it is used. */
import {
  TEMPLATE_PARTS,
  type Template,
  TemplateError,
  type TemplatePart,
  type TemplateRenderer,
} from "./render-template.js";
import { sampleVariables } from "./sample-ends.js";
import { TEMPLATE_NAMES, type TemplateName } from "./template-variables.js";

/** What is wrong with a template. */
export interface TemplateProblem {
  /** As the API names it. */
  readonly field: "name" | "language" | "subject" | "body" | "html_body";
  /** In a sentence, without the texts themselves. */
  readonly description: string;
}

const MAXIMUM_SENTENCE_LENGTH = 500;

const FIELDS = { subject: "subject", body: "body", htmlBody: "html_body" } as const satisfies Record<
  TemplatePart,
  string
>;

/**
 * What is wrong with each text of a template; empty when every one renders for every kind of end that there can be, and
 * names no variable, in any branch, that there is not.
 */
export function problemsOf(template: Template, renderer: TemplateRenderer): TemplateProblem[] {
  const { name, language } = template;
  if (!isTemplateName(name)) {
    return [{ field: "name", description: `No end has a template ${name}: there are ${TEMPLATE_NAMES.join(", ")}.` }];
  }
  let samples: object[];
  try {
    samples = sampleVariables(name, language);
  } catch (error) {
    // A language that is none is a RangeError of Intl.
    if (error instanceof RangeError) return [{ field: "language", description: error.message }];
    throw error;
  }
  return TEMPLATE_PARTS.flatMap((part) => {
    const description = problemOfPart(template, part, { renderer, samples });
    return description === undefined ? [] : [{ field: FIELDS[part], description: shortened(description) }];
  });
}

/** The first thing that is wrong with a template, in a sentence; undefined when it can tell every end. */
export function problemOf(template: Template, renderer: TemplateRenderer): string | undefined {
  return problemsOf(template, renderer)[0]?.description;
}

/** The names of the variables that a template's texts may name, sorted. */
export function variableNamesOf(name: TemplateName): string[] {
  return namesOf(sampleVariables(name, "en"));
}

export function isTemplateName(name: string): name is TemplateName {
  return (TEMPLATE_NAMES as readonly string[]).includes(name);
}

function problemOfPart(
  template: Template,
  part: TemplatePart,
  { renderer, samples }: { readonly renderer: TemplateRenderer; readonly samples: readonly object[] },
): string | undefined {
  // Without one of its own the HTML is made from the body.
  if (part === "htmlBody" && !template.htmlBody) return undefined;
  try {
    const known = namesOf(samples);
    const unknown = renderer.variablesOf(template, part).filter((variable) => !known.includes(variable));
    if (unknown.length > 0) return `It names ${unknown.join(", ")}; ${template.name} has ${known.join(", ")}.`;
    const empty = samples.some((variables) => renderer.renderPart(template, part, variables) === "");
    return empty ? `Its ${part === "htmlBody" ? "HTML" : part} is empty.` : undefined;
  } catch (error) {
    if (error instanceof TemplateError) return `It cannot be rendered: ${error.why}.`;
    throw error;
  }
}

/** A name that is not known can be as long as a text. */
function shortened(sentence: string): string {
  return sentence.length <= MAXIMUM_SENTENCE_LENGTH ? sentence : `${sentence.slice(0, MAXIMUM_SENTENCE_LENGTH)}…`;
}

function namesOf(samples: readonly object[]): string[] {
  return [...new Set(samples.flatMap((variables) => Object.keys(variables)))].toSorted();
}
