/** JSON as the API has it, and objects as the client's users have them: the generated forms say what differs. */
import { FORMS } from "./gen/resources.js";

/**
 * Reads JSON as an object of the named form. What the form does not name stays as it is, so that members that a later
 * release adds are there.
 */
export function readForm<Value>(form: string, json: unknown): Value {
  return convert(form, json, readMember) as Value;
}

/** Writes an object of the named form as JSON's values. */
export function writeForm(form: string, value: object): Readonly<Record<string, unknown>> {
  return convert(form, value, writeMember) as Record<string, unknown>;
}

type Converter = (form: string, value: unknown) => unknown;

function convert(form: string, value: unknown, member: Converter): unknown {
  if (typeof value !== "object" || value === null) return value;
  const forms = FORMS[form] ?? {};
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, unknown]) => {
      const own = Object.hasOwn(forms, name) ? forms[name] : undefined;
      if (own === undefined || item === undefined || item === null) return [name, item];
      return [name, Array.isArray(item) ? item.map((each) => member(own, each)) : member(own, item)];
    }),
  );
}

function readMember(form: string, value: unknown): unknown {
  if (form === "int64") return BigInt(value as string);
  if (form === "time") return new Date(value as string);
  if (!form.endsWith("_")) return convert(form, value, readMember);
  return typeof value === "string" && value.startsWith(form) ? value.slice(form.length) : value;
}

function writeMember(form: string, value: unknown): unknown {
  if (form === "int64") return String(value);
  if (form === "time") return (value as Date).toISOString();
  if (!form.endsWith("_")) return convert(form, value, writeMember);
  return String(value).startsWith(form) ? value : `${form}${String(value)}`;
}
