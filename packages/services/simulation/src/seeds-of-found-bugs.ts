/** Schedules that once found a bug. Each is run by every `npm test`, forever: add, never remove. */
export interface SeedOfFoundBug {
  readonly seed: number;
  /** What it found. */
  readonly found: string;
}

export const SEEDS_OF_FOUND_BUGS: readonly SeedOfFoundBug[] = [];
