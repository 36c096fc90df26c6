/** How a set-based statement tells that it did not write what it was asked to write. */

/**
 * Another process wrote the same thing first, between our look and our write. The transaction is rolled back and tried
 * again, and then finds what the other recorded: it carries SQLSTATE 40001 (serialization_failure), which `isTransient`
 * knows as a reason to try again.
 */
export class WriteConflictError extends Error {
  override readonly name = "WriteConflictError";
  readonly code = "40001";

  constructor(what: string) {
    super(`Another process recorded the same ${what} at the same time; the batch is tried again.`);
  }
}

/**
 * Compares how many rows a statement wrote with how many it had to write.
 * @throws Error (not transient) when they differ: the rows were locked, so this is a fault of ours, and nothing of the
 * batch may stand.
 */
export function expectCount(what: string, found: bigint, expected: bigint): void {
  if (found !== expected) throw new Error(`${what}: ${found} where ${expected} were expected; nothing was written.`);
}
