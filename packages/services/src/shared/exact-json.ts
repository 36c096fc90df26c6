/** JSON as it was read without loss. */

/** A number that is written in few digits alone is itself; another is a bigint when it is whole, and else NaN. */
export type ExactJson = string | bigint | number | boolean | null | ExactJson[] | ExactJsonObject;
export type ExactJsonObject = { [name: string]: ExactJson };

export function isJsonObject(json: ExactJson | undefined): json is ExactJsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
