/** The functions by which a statement of a bank says that it did not write all that it was asked to write. */
import { ServerError } from "./server-error.js";

/** @throws ServerError 40001 when another process recorded some of it first. */
export function expectRecorded(recorded: number, asked: number): void {
  if (recorded !== asked) throw new ServerError("40001", "another process recorded the same at the same time");
}

/** @throws ServerError P0001 (raise_exception) */
export function expectCount(found: number, expected: number): void {
  if (found !== expected) throw new ServerError("P0001", `${found} where ${expected} were expected`);
}
