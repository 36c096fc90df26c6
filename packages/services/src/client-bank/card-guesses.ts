/**
 * Card testing: whoever tries cards, or the expiry dates of one, learns from the verdict of each try. So the payments
 * that were declined for it are counted, for each card in its client's row, and for each merchant; beyond the limit every
 * further payment is declined, a right one too, or the last try would tell. A window begins with its first guess.
 */
import type { DeclineReason } from "../shared/decline.js";
import type { MerchantGuesses } from "./operations/find-card-guesses.js";
import type { LockedClient } from "./operations/lock-clients.js";
import type { PaymentRecord } from "./payment-record.js";

/** So many guesses in a window. */
export interface GuessLimit {
  /** 0 for no limit. */
  readonly maximum: number;
  readonly windowMs: number;
}

export interface GuessLimits {
  /** Wrong expiry dates of one card, whichever merchants they came from. */
  readonly perCard: GuessLimit;
  /** Cards that nobody has, and wrong expiry dates, of one merchant. */
  readonly perMerchant: GuessLimit;
}

export const NO_GUESS_LIMITS: GuessLimits = {
  perCard: { maximum: 0, windowMs: 1 },
  perMerchant: { maximum: 0, windowMs: 1 },
};

/** Guesses of a card in the window that began at `sinceMs`. */
export interface CardGuesses {
  readonly clientId: string;
  readonly count: number;
  readonly sinceMs: number;
}

/** What a batch adds to the guesses of a merchant. */
export interface AddedGuesses {
  readonly merchantId: string;
  readonly added: number;
}

/** Other processes add to a merchant's guesses: they are read again when they were known for so long. */
const KNOWN_FOR_MS = 1_000;

/** The merchants' guesses as this process knows them: read once a second at most, and after each guess of its own. */
export class GuessBook {
  readonly limits: GuessLimits;
  #readAtMs = Number.NEGATIVE_INFINITY;
  readonly #merchants = new Map<string, MerchantGuesses>();

  constructor(limits: GuessLimits) {
    this.limits = limits;
  }

  isOld(nowMs: number): boolean {
    return this.limits.perMerchant.maximum > 0 && Math.abs(nowMs - this.#readAtMs) >= KNOWN_FOR_MS;
  }

  /** What was read: all there is. */
  replace(guesses: readonly MerchantGuesses[], nowMs: number): void {
    this.#readAtMs = nowMs;
    this.#merchants.clear();
    this.note(guesses);
  }

  /** What was written. */
  note(guesses: readonly MerchantGuesses[]): void {
    for (const each of guesses) this.#merchants.set(each.merchantId, each);
  }

  /** How many guesses of a merchant count now. */
  countOf(merchantId: string, nowMs: number): number {
    const known = this.#merchants.get(merchantId);
    return known === undefined
      ? 0
      : stillCounting(known.guesses, known.since.getTime(), this.limits.perMerchant, nowMs);
  }
}

/** The guesses of one batch, payment after payment: what was counted before it, and what it adds. */
export class GuessTally {
  readonly limits: GuessLimits;
  readonly #book: GuessBook;
  readonly #nowMs: number;
  readonly #cards = new Map<string, CardGuesses>();
  readonly #changed = new Set<string>();
  readonly #merchants = new Map<string, number>();

  constructor(book: GuessBook, clients: readonly LockedClient[], nowMs: number) {
    this.limits = book.limits;
    this.#book = book;
    this.#nowMs = nowMs;
    for (const { id, wrongExpiries, wrongExpiriesSince } of clients) {
      const sinceMs = wrongExpiriesSince?.getTime() ?? 0;
      const count = stillCounting(wrongExpiries, sinceMs, this.limits.perCard, nowMs);
      this.#cards.set(id, { clientId: id, count, sinceMs: count === 0 ? nowMs : sinceMs });
    }
  }

  /** Whether a payment of the merchant, with the client's card, comes after too many guesses. */
  isOver(merchantId: string, clientId: string | undefined): boolean {
    const { perCard, perMerchant } = this.limits;
    const ofMerchant = this.#book.countOf(merchantId, this.#nowMs) + (this.#merchants.get(merchantId) ?? 0);
    if (perMerchant.maximum > 0 && ofMerchant >= perMerchant.maximum) return true;
    const ofCard = clientId === undefined ? 0 : (this.#cards.get(clientId)?.count ?? 0);
    return perCard.maximum > 0 && ofCard >= perCard.maximum;
  }

  /** Counts a payment that was decided, if it was a guess. */
  count(payment: Pick<PaymentRecord, "merchantId" | "clientId" | "declineReason">): void {
    const { merchantId, clientId, declineReason } = payment;
    if (!isGuess(declineReason)) return;
    this.#merchants.set(merchantId, (this.#merchants.get(merchantId) ?? 0) + 1);
    const card = clientId === null ? undefined : this.#cards.get(clientId);
    if (card === undefined) return;
    this.#cards.set(card.clientId, { ...card, count: card.count + 1 });
    this.#changed.add(card.clientId);
  }

  /** The cards whose guesses have changed, in the order of their clients' ids. */
  cards(): CardGuesses[] {
    if (this.limits.perCard.maximum === 0) return [];
    return [...this.#changed].sort().flatMap((id) => this.#cards.get(id) ?? []);
  }

  /** What the merchants have guessed in this batch, in the order of their ids. */
  merchants(): AddedGuesses[] {
    if (this.limits.perMerchant.maximum === 0) return [];
    return [...this.#merchants]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([merchantId, added]) => ({ merchantId, added }));
  }
}

function isGuess(reason: DeclineReason | null): boolean {
  return reason === "CARD_UNKNOWN" || reason === "EXPIRY_MISMATCH";
}

/** The guesses of a window that has not ended. */
function stillCounting(count: number, sinceMs: number, { windowMs }: GuessLimit, nowMs: number): number {
  return nowMs - sinceMs < windowMs ? count : 0;
}
