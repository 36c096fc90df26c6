/** Asks card-validation what may be kept of a card that an operator gives to a client: this service opens no card. */
import { type Connection, MessagingError } from "@quittance/sdk";
import type { SealedCard } from "../../shared/answer-management.js";
import {
  type CardRefusal,
  type CardRegistration,
  cardRegistrationReply,
} from "../../shared/card-registration-messages.js";
import type { Envelopes } from "../../shared/envelope.js";
import { ManagementError } from "../../shared/management-error.js";
import { MESSAGE_VERSION } from "../../shared/messages.js";
import { CHANNELS, destinationOf } from "../../shared/queue-map.js";
import type { StoredCard } from "../operations/write-clients.js";

/** Shorter than the time that the gateway gives a call. */
const TIMEOUT_MS = 3_000;
const RETRY_AFTER_MS = 1_000;

export interface RegisterCardParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
}

/**
 * What is kept of a card.
 * @throws ManagementError FAILED_PRECONDITION for a card that is not good; UNAVAILABLE when nobody answers, or none is
 * registered here.
 */
export async function registerCard(
  { connection, envelopes }: RegisterCardParts,
  clientId: string,
  { sealed, into }: SealedCard,
): Promise<StoredCard> {
  const body: CardRegistration = { version: MESSAGE_VERSION, clientId, sealedCard: sealed, sealedInto: into };
  const answer = await connection
    .request(destinationOf(CHANNELS.cardRegistration), envelopes.message("card-registration", body, {}), {
      timeoutMs: TIMEOUT_MS,
    })
    .catch((error: unknown) => {
      if (error instanceof MessagingError) throw unavailable(error);
      throw error;
    });
  const problem = envelopes.problemOf("card-registration-reply", answer);
  if (problem !== undefined) {
    envelopes.countRefused("card-registration-reply", problem);
    throw unavailable(new Error(`The answer of card-validation is not believed: ${problem}.`));
  }
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
