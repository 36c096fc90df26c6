/** Step 2 of the payment cycle: opens each sealed card, judges it, and sends its payment on without the number. */
import type { Connection, Incoming, Outcome } from "@quittance/sdk";
import { STEP_BREAKER } from "../platform/circuit-breakers.js";
import { classifyFailure } from "../platform/classify-failure.js";
import { renamed } from "../platform/configuration.js";
import { type KeyRing, keyRing } from "../platform/key-ring.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { fingerprintCard, fingerprintHolder } from "../shared/card-fingerprint.js";
import { type CardDetails, ForeignSealError, OtherKeyError, openCard, type SealedInto } from "../shared/card-seal.js";
import { Envelopes } from "../shared/envelope.js";
import { logStepEvent } from "../shared/log-step-event.js";
import { type MessageKeys, messageKeys } from "../shared/message-keys.js";
import {
  MESSAGE_VERSION,
  type PaymentMessage,
  paymentMessage,
  type ValidationResultMessage,
} from "../shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../shared/queue-map.js";
import { judgeCard } from "./judge-card.js";

/** What card-validation reads from the environment besides what every service does. */
export const cardValidationConfiguration = {
  /** Open sealed cards; the gateway has the same. */
  CARD_SEALING_KEYS: renamed("CARD_SEALING_KEY", keyRing()),
  /** The first makes the fingerprints of card numbers; the operator's command line has the same. */
  CARD_FINGERPRINT_KEYS: renamed("CARD_FINGERPRINT_KEY", keyRing()),
  /** Signs what goes to client-bank. */
  MESSAGE_KEYS: messageKeys("card-validation"),
};

/** The keys that step 2 works with. */
export interface CardKeys {
  /** Each opens what was sealed with it. */
  readonly sealing: KeyRing;
  /** The first makes fingerprints. */
  readonly fingerprint: KeyRing;
}

/** What the step works with. */
interface StepTools {
  readonly keys: CardKeys;
  readonly log: Logger;
  readonly envelopes: Envelopes;
  /** Whether this process has opened a card: then the key is the gateway's, and what does not open is at fault itself. */
  keyIsProven: boolean;
}

/** One batch is judged while the broker confirms the verdicts of the other. */
const CONCURRENT_BATCHES = 2;
const MAXIMUM_BATCH_SIZE = 100;

/** Why an unopenable card is set aside. It must say nothing of the content, so it is the same for every cause. */
const UNOPENABLE = "The sealed card cannot be opened with this service's key, or does not hold a card.";
/** As long as no card was opened, the gateway and this service may have different keys: then nothing is lost by waiting. */
const OTHER_KEY = "No card could be opened so far: compare CARD_SEALING_KEYS of gateway and card-validation.";
const FOREIGN = "The card was sealed into another message than this one.";

/** Starts step 2 on `connection`. */
export async function startCardValidation(options: {
  readonly connection: Connection;
  readonly keys: CardKeys;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
}): Promise<RunningService> {
  const { connection, keys, log } = options;
  const tools: StepTools = {
    keys,
    log,
    envelopes: new Envelopes("card-validation", options.messageKeys, log),
    keyIsProven: false,
  };
  const processor = await connection.process({
    name: "card-validation",
    from: destinationOf(CHANNELS.payment),
    to: destinationOf(CHANNELS.validationResult),
    toOptions: { priority: CHANNELS.validationResult.priority },
    schema: paymentMessage,
    deadLetter: deadLetterDestination(CHANNELS.payment),
    batch: { maximumSize: MAXIMUM_BATCH_SIZE, concurrency: CONCURRENT_BATCHES },
    classify: classifyFailure,
    breaker: STEP_BREAKER,
    handle: (batch) => Promise.all(batch.map((incoming) => validate(incoming, tools))),
    onEvent: (event) => logStepEvent(event, "2", log),
  });
  return { steps: { "card-validation": processor }, drain: (drain) => processor.drain(drain) };
}

/** One payment: opened, judged, and passed on with what may be known of the card from here on. */
async function validate(incoming: Incoming<PaymentMessage>, tools: StepTools): Promise<Outcome> {
  const { keys, log, envelopes } = tools;
  const { body, message } = incoming;
  const trace = traceIdOf(message.traceparent);
  let card: CardDetails;
  try {
    card = await openCard(body.sealedCard, keys.sealing.all, message.json() as SealedInto);
    tools.keyIsProven = true;
  } catch (error) {
    if (error instanceof OtherKeyError && !tools.keyIsProven) throw new OtherKeyError(OTHER_KEY);
    // The error is not logged: what JSON.parse and jose say of a bad content may quote it.
    log.warn({ payment: body.paymentId, trace, step: "2", opened: false }, "sealed card not opened");
    return { deadLetter: error instanceof ForeignSealError ? FOREIGN : UNOPENABLE };
  }
  const verdict = judgeCard(card, Date.parse(body.acceptTime));
  // Every access to card data leaves a line (PCI DSS 4.0.1, 10.2.1); it is also the step's line for this payment.
  log.info(
    {
      payment: body.paymentId,
      trace,
      step: "2",
      opened: true,
      merchant: body.merchantId,
      brand: verdict.brand,
      decline: verdict.declineReason,
    },
    "card judged",
  );
  const { sealedCard: _sealed, ...payment } = body;
  const fingerprintKey = keys.fingerprint.first.bytes;
  const result: ValidationResultMessage = {
    ...payment,
    version: MESSAGE_VERSION,
    card: {
      brand: verdict.brand,
      lastFour: card.number.slice(-4),
      expiryMonth: card.expiryMonth,
      expiryYear: card.expiryYear,
      fingerprint: fingerprintCard(card.number, fingerprintKey),
      holder: fingerprintHolder(card.holderName, fingerprintKey),
    },
    validateTime: new Date().toISOString(),
    ...(verdict.declineReason !== undefined && { declineReason: verdict.declineReason }),
  };
  return { send: [envelopes.outcome("validation-result", result, { correlationId: body.paymentId, input: message })] };
}
