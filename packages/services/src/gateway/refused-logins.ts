/** Reports calls that were refused for their token to operators: in the log, where a flood of them makes few lines. */
import { LRUCache } from "lru-cache";
import type { Logger } from "../platform/log.js";
import type { RefusedLogin } from "./authenticator.js";

/** One peer's refusals for one reason make a line at once, and then one for each time like this. */
const LINE_PER_PEER_MS = 60_000;
/** All peers together make so many lines in {@link WINDOW_MS}: a flood may come from many addresses. */
const MAXIMUM_LINES = 50;
const WINDOW_MS = 10_000;
/** Peers that are remembered. */
const REMEMBERED = 1_000;

interface Peer {
  lineAtMs: number;
  /** Refusals since the last line. */
  untold: number;
}

/** A line names the peer's address, the reason, and how many were like it since the last line; never a token. */
export class RefusedLogins {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #peers = new LRUCache<string, Peer>({ max: REMEMBERED });
  #windowAtMs = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  tell({ reason, peer, merchantId, cause }: RefusedLogin): void {
    const nowMs = this.#now();
    const key = `${reason} ${peer}`;
    const known = this.#peers.get(key) ?? { lineAtMs: Number.NEGATIVE_INFINITY, untold: 0 };
    this.#peers.set(key, known);
    known.untold++;
    if (nowMs - known.lineAtMs < LINE_PER_PEER_MS || !this.#hasRoom(nowMs)) return;
    const facts = { reason, peer, merchant: merchantId, times: known.untold };
    known.lineAtMs = nowMs;
    known.untold = 0;
    // Whose keys cannot be read is ours to fix, and the cause says what; what is wrong with a token, the reason says.
    if (reason === "KEYS_UNAVAILABLE") this.#log.error({ ...facts, err: cause }, "tokens cannot be checked");
    else this.#log.warn(facts, "a call was refused for its token");
  }

  #hasRoom(nowMs: number): boolean {
    if (nowMs - this.#windowAtMs >= WINDOW_MS) {
      this.#windowAtMs = nowMs;
      this.#lines = 0;
    }
    this.#lines++;
    return this.#lines <= MAXIMUM_LINES;
  }
}
