/** Makes a failing case smaller: takes changes back one after the other, as long as it still fails. */

/**
 * The places of the changes that are left. `fails` is asked once for each change.
 * @param count how many changes there are.
 */
export async function smallestFailing(
  count: number,
  fails: (keep: (mutation: number) => boolean) => Promise<boolean>,
): Promise<ReadonlySet<number>> {
  const kept = new Set(Array.from({ length: count }, (_, place) => place));
  for (let place = count - 1; place >= 0; place--) {
    kept.delete(place);
    if (!(await fails((mutation) => kept.has(mutation)))) kept.add(place);
  }
  return kept;
}
