/** Rings of keys for tests: as text for an environment, and as services have them. */
import { KeyRing } from "../../dist/platform/key-ring.js";

/** A list of the variables that hold keys; the ids are `k1`, `k2`, ... */
export function ringText(...keys: readonly Uint8Array[]): string {
  return keys.map((key, place) => `k${place + 1}=${Buffer.from(key).toString("base64")}`).join(",");
}

/** The same, read. */
export function ringOf(...keys: readonly Uint8Array[]): KeyRing {
  return new KeyRing(keys.map((bytes, place) => ({ id: `k${place + 1}`, bytes })));
}
