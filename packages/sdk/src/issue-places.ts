/** Where a value does not fit its schema, told without quoting it: neither a library's sentences nor keys that may be data. */
import type { StandardSchemaV1 } from "./standard-schema.js";

/** How many wrong places a reason names. */
const MAXIMUM_PATHS = 5;
/** A key that came from a schema rather than from data: a short identifier. Longer or odder keys are not quoted. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** The places of the issues, each once. */
export function placesOf(issues: readonly StandardSchemaV1.Issue[]): string {
  const places = new Set(issues.map((issue) => describePath(issue.path ?? [])));
  const named = [...places].slice(0, MAXIMUM_PATHS).join(", ");
  return `${named}${places.size > MAXIMUM_PATHS ? " and elsewhere" : ""}`;
}

function describePath(path: NonNullable<StandardSchemaV1.Issue["path"]>): string {
  if (path.length === 0) return "its root";
  return path
    .map((segment) => (typeof segment === "object" ? segment.key : segment))
    .map((key) => (typeof key === "string" && PLAIN_KEY.test(key) ? key : typeof key === "number" ? "[]" : "?"))
    .join(".");
}
