/** Asks card-validation what may be kept of a card that an operator gives to a client: this service opens no card. */
import { MessagingError } from "@quittance/sdk";
import type { SealedCard } from "../../shared/answer-management.js";
import { type AskParts, askSigned, UnprovenAnswerError } from "../../shared/ask-signed.js";
import {
  type CardRefusal,
  type CardRegistration,
  cardRegistrationReply,
} from "../../shared/card-registration-messages.js";
import { ManagementError } from "../../shared/management-error.js";
import { MESSAGE_VERSION } from "../../shared/messages.js";
import type { StoredCard } from "../../shared/store-card.js";

/** Shorter than the time that the gateway gives a call. */
const TIMEOUT_MS = 3_000;
const RETRY_AFTER_MS = 1_000;

/**
 * What is kept of a card.
 * @throws ManagementError FAILED_PRECONDITION for a card that is not good; UNAVAILABLE when nobody answers, or none is
 * registered here.
 */
export async function registerCard(
  parts: AskParts,
  clientId: string,
  { sealed, into }: SealedCard,
): Promise<StoredCard> {
  const body: CardRegistration = { version: MESSAGE_VERSION, clientId, sealedCard: sealed, sealedInto: into };
  const kinds = { kind: "card-registration", answer: "card-registration-reply" } as const;
  const answer = await askSigned(parts, { ...kinds, body }, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    throw error instanceof MessagingError || error instanceof UnprovenAnswerError ? unavailable(error) : error;
  });
  const reply = answer.json(cardRegistrationReply);
  if ("refused" in reply) throw refusal(reply.refused);
  return reply.card;
}

function refusal(why: CardRefusal): ManagementError {
  if (why === "INVALID_CARD_NUMBER" || why === "CARD_EXPIRED") {
    const sentence = why === "CARD_EXPIRED" ? "The card has expired." : "The card's number is mistyped.";
    return new ManagementError("FAILED_PRECONDITION", "CARD_NOT_VALID", sentence, { metadata: { cardProblem: why } });
  }
  return unavailable(new Error(`card-validation registers no card: ${why}.`));
}

function unavailable(cause: unknown): ManagementError {
  return new ManagementError("UNAVAILABLE", "CARDS_UNAVAILABLE", "Cards cannot be registered just now; try again.", {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
