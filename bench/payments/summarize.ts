/** Several runs of a scenario in one: each number is the median of theirs. */

/** Numbers anywhere inside become medians; of all else the first run's is taken. */
export function medianOf<T>(runs: readonly T[]): T {
  const [first] = runs;
  if (typeof first === "number") return medianOfNumbers(runs as readonly number[]) as T;
  if (typeof first !== "object" || first === null) return first as T;
  const names = [...new Set(runs.flatMap((run) => Object.keys(run as object)))];
  const entries = names.map((name) => {
    const values = runs.map((run) => (run as Record<string, unknown>)[name]).filter((value) => value !== undefined);
    return [name, medianOf(values)];
  });
  return Object.fromEntries(entries) as T;
}

function medianOfNumbers(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Without digits that no measurement has: three that count. */
export function rounded<T>(value: T): T {
  if (typeof value === "number") return (Number.isInteger(value) ? value : Number(value.toPrecision(3))) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(rounded) as T;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rounded(inner)])) as T;
}
