/** Manifests of Kubernetes as values, and the YAML that they are kept as. */

/** What a manifest consists of. Keys whose value is `undefined` are left out. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value | undefined };

/** One object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: Value | undefined };
  readonly [key: string]: Value | undefined;
}

/** Where the manifests are made: what stands at the head of each generated file. */
const HEADER = "# Generated from the table of the system by `npm run generate`; do not edit.";

/** The text of a file with these manifests. */
export function manifestFile(manifests: readonly Manifest[], header = HEADER): string {
  return `${header}\n${manifests.map((manifest) => `---\n${block(manifest, 0)}\n`).join("")}`;
}

/** A name, version, path or address that YAML reads as the text that it is. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|null)$)[A-Za-z_/][A-Za-z0-9_./:@-]*(?<!:)$/i;

function scalar(value: string | number | boolean): string {
  return typeof value === "string" && !PLAIN.test(value) ? JSON.stringify(value) : String(value);
}

function isScalar(value: Value): value is string | number | boolean {
  return typeof value !== "object";
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** A list or map in block style, its lines at `indent` spaces. */
function block(value: Value, indent: number): string {
  if (isScalar(value)) return scalar(value);
  const pad = " ".repeat(indent);
  if (isList(value)) return value.map((item) => `${pad}- ${nested(item, indent + 2)}`).join("\n");
  return entriesOf(value)
    .map(([key, item]) => {
      const name = scalar(key);
      if (isScalar(item)) return `${pad}${name}: ${scalar(item)}`;
      if (isEmpty(item)) return `${pad}${name}: ${isList(item) ? "[]" : "{}"}`;
      return `${pad}${name}:\n${block(item, indent + 2)}`;
    })
    .join("\n");
}

/** An item of a list: its first line stands behind the dash. */
function nested(item: Value, indent: number): string {
  if (isEmpty(item)) return isList(item) ? "[]" : "{}";
  return block(item, indent).trimStart();
}

function entriesOf(map: { readonly [key: string]: Value | undefined }): [string, Value][] {
  return Object.entries(map).filter((entry): entry is [string, Value] => entry[1] !== undefined);
}

function isEmpty(value: Value): boolean {
  if (isScalar(value)) return false;
  return isList(value) ? value.length === 0 : entriesOf(value).length === 0;
}
