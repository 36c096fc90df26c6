/** Shows how a template tells each kind of end, with sample data. */
import { invalidRequest } from "../../shared/management-error.js";
import { htmlFromText } from "../html-from-text.js";
import { type Template, TemplateError, type TemplateRenderer } from "../render-template.js";
import { previewSamples } from "../sample-ends.js";
import type { TemplateName } from "../template-variables.js";
import { refusal } from "./template-refusal.js";

/** The texts of one end. */
export interface TemplatePreview {
  /** Empty where there is one kind. */
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
  readonly htmlBody: string;
}

const MAXIMUM_VALUE_LENGTH = 200;

/**
 * Renders a template for each kind of end; `variables` take the place of the samples'.
 * @throws ManagementError INVALID_FIELDS for a variable that the template does not have, INVALID_TEMPLATE when it does not
 * render.
 */
export function previewTemplate(
  renderer: TemplateRenderer,
  template: Template & { readonly name: TemplateName },
  variables: Readonly<Record<string, string>>,
): TemplatePreview[] {
  const samples = previewSamples(template.name, template.language);
  const known = new Set(samples.flatMap((sample) => Object.keys(sample.variables)));
  const violations = Object.entries(variables).flatMap(([name, value]) => {
    if (!known.has(name)) {
      return [{ field: "variables", description: `must be of ${[...known].toSorted().join(", ")}` }];
    }
    const isLong = value.length > MAXIMUM_VALUE_LENGTH;
    return isLong
      ? [{ field: "variables", description: `must have at most ${MAXIMUM_VALUE_LENGTH} characters each` }]
      : [];
  });
  if (violations.length > 0) throw invalidRequest(violations);
  return samples.map((sample) =>
    preview(renderer, template, { kind: sample.kind, values: { ...sample.variables, ...variables } }),
  );
}

function preview(
  renderer: TemplateRenderer,
  template: Template,
  { kind, values }: { readonly kind: string; readonly values: object },
): TemplatePreview {
  const part = (name: "subject" | "body" | "htmlBody", field: string) => {
    try {
      return renderer.renderPart(template, name, values);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const description = `It cannot be rendered: ${error.why}.`;
      throw refusal("INVALID_TEMPLATE", `The ${field} cannot be rendered.`, [{ field, description }]);
    }
  };
  const [subject, body] = [part("subject", "subject"), part("body", "body")];
  const htmlBody = template.htmlBody ? part("htmlBody", "html_body") : htmlFromText(body, template.language);
  return { kind, subject, body, htmlBody };
}
