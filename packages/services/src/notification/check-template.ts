/** Whether a template can tell every end: asked before it is activated, and again before it is used. */
import { type Template, TemplateError, type TemplateRenderer } from "./render-template.js";
import { sampleVariables } from "./sample-ends.js";
import { TEMPLATE_NAMES, type TemplateName } from "./template-variables.js";

/**
 * What is wrong with a template, in a sentence; undefined when it renders for every kind of end that there can be, and
 * names no variable, in any branch, that there is not.
 */
export function problemOf(template: Template, renderer: TemplateRenderer): string | undefined {
  const { name, language } = template;
  if (!isTemplateName(name)) return `No end is told by a template ${name}: there are ${TEMPLATE_NAMES.join(", ")}.`;
  try {
    const samples = sampleVariables(name, language);
    const known = new Set(samples.flatMap((variables) => Object.keys(variables)));
    const unknown = renderer.variablesOf(template).filter((variable) => !known.has(variable));
    if (unknown.length > 0) {
      return `It names ${unknown.join(", ")}; ${name} has ${[...known].toSorted().join(", ")}.`;
    }
    for (const variables of samples) {
      const { subject, body } = renderer.render(template, variables);
      if (subject === "" || body === "") return `Its ${subject === "" ? "subject" : "body"} is empty.`;
    }
    return undefined;
  } catch (error) {
    // A language that is none is a RangeError of Intl.
    if (error instanceof TemplateError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function isTemplateName(name: string): name is TemplateName {
  return (TEMPLATE_NAMES as readonly string[]).includes(name);
}
