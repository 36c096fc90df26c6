/** Random bytes for what needs a few of them for each call: ids of spans, initialisation vectors. */
import { randomFillSync } from "node:crypto";

/** Filling so many costs as much as filling 24, most of which is the call itself. */
const POOL_BYTES = 4_096;

let pool = Buffer.alloc(0);
let used = 0;

/**
 * So many bytes of node:crypto's generator, 1 to 4,096. No byte is given out twice. They are for what may be seen, such as
 * ids and initialisation vectors: a key is made by `randomBytes`, which leaves no copy of it in a pool.
 */
export function pooledRandomBytes(count: number): Buffer {
  if (!(count >= 1 && count <= POOL_BYTES)) throw new RangeError(`There are 1 to ${POOL_BYTES} random bytes at once.`);
  if (used + count > pool.length) {
    // Another piece of memory: what was given out before may still be read.
    pool = randomFillSync(Buffer.alloc(POOL_BYTES));
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
