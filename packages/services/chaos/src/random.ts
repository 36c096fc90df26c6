/** Random choices that a seed decides, so that a round can be drawn again. */

export interface Random {
  /** At least 0 and below 1. */
  next(): number;
  /** A whole number, both bounds included. */
  between(minimum: number, maximum: number): number;
  pick<T>(from: readonly T[]): T;
  /** `count` different ones, or all when there are fewer. */
  sample<T>(from: readonly T[], count: number): T[];
  chance(probability: number): boolean;
  /** Another sequence, which `name` and this seed decide, however much was drawn from this one. */
  fork(name: string): Random;
}

/** FNV-1a of 32 bits: spreads seeds that are close to each other. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const character of text) {
    state = Math.imul(state ^ (character.codePointAt(0) as number), 0x01000193);
  }
  return state >>> 0;
}

/** A sequence that `seed` decides (a Weyl sequence whose steps are mixed by two multiplications). */
export function randomOf(seed: string): Random {
  let state = hash(seed);
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const between = (minimum: number, maximum: number) => minimum + Math.floor(next() * (maximum - minimum + 1));
  const random: Random = {
    next,
    between,
    pick: (from) => {
      if (from.length === 0) throw new Error("There is nothing to choose from.");
      return from[between(0, from.length - 1)] as (typeof from)[number];
    },
    sample: (from, count) => {
      const left = [...from];
      const taken: (typeof left)[number][] = [];
      while (taken.length < count && left.length > 0) taken.push(...left.splice(between(0, left.length - 1), 1));
      return taken;
    },
    chance: (probability) => next() < probability,
    fork: (name) => randomOf(`${seed}/${name}`),
  };
  return random;
}
