/** Looks for secrets in all that the processes write, and keeps nothing else of it. */

/** So much of the end of what was written is looked at again with what comes next. */
const OVERLAP = 64;

export function watchOutput(secrets: readonly string[]): {
  take(process: string, chunk: Buffer, stream?: string): void;
  /** A sentence for each process that wrote a secret. */
  leaks(): string[];
} {
  const ends = new Map<string, string>();
  const leaking = new Set<string>();
  return {
    take(process, chunk, stream = "stdout") {
      const name = `${process} ${stream}`;
      const text = (ends.get(name) ?? "") + chunk.toString("latin1");
      ends.set(name, text.slice(-OVERLAP));
      if (secrets.some((secret) => text.includes(secret))) leaking.add(process);
    },
    leaks: () => [...leaking].map((process) => `${process} wrote a card number or code to its log.`),
  };
}
