/**
 * `{{ name }}` without a filter, which most of a text is made of. liquidjs works each output through five generators;
 * the value that it would find for such a one is known at once.
 */
import { type Context, type Emitter, Output, type Template, TypeGuards } from "liquidjs";

/** Writes one variable where it is a text, and leaves every other case to what liquidjs made. */
export class PlainOutput implements Template {
  readonly token: Template["token"];
  readonly #name: string;
  readonly #output: Output;

  private constructor(name: string, output: Output) {
    this.token = output.token;
    this.#name = name;
    this.#output = output;
  }

  /** The same part of a compiled text, or one that renders the same. */
  static insteadOf(this: void, part: Template): Template {
    const name = part instanceof Output ? plainNameOf(part) : undefined;
    return name === undefined ? part : new PlainOutput(name, part as Output);
  }

  render(context: Context, emitter: Emitter): unknown {
    const variables = context.environments;
    // What the text assigns itself hides a variable of that name.
    const isGiven = !(this.#name in context.bottom()) && Object.hasOwn(variables, this.#name);
    const value: unknown = isGiven ? (variables as Record<string, unknown>)[this.#name] : undefined;
    if (typeof value !== "string") return this.#output.render(context, emitter);
    emitter.write(value);
    return undefined;
  }

  arguments(): ReturnType<Output["arguments"]> {
    return this.#output.arguments();
  }
}

/** The name of the one variable that an output writes as it is. */
function plainNameOf({ value }: Output): string | undefined {
  const [token, ...further] = value.initial.postfix;
  if (value.filters.length > 0 || further.length > 0 || !TypeGuards.isPropertyAccessToken(token)) return undefined;
  const [name, ...properties] = token.props;
  if (token.variable !== undefined || properties.length > 0 || !TypeGuards.isWordToken(name)) return undefined;
  return name.content;
}
