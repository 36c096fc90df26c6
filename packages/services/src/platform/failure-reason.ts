/** What went wrong in one line: the error's own words and its code, for whoever has to fix it. */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { readonly code?: unknown };
  // Several addresses that all refuse come as an error without a message of its own.
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  const words = error.message || (first instanceof Error ? first.message : error.name);
  return typeof code === "string" && !words.includes(code) ? `${words} (${code})` : words;
}
