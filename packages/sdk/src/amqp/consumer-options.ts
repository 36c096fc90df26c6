/** The options of a consumer: which there are, and what they may be. */
import { checkFlag, checkFunction, checkNames, checkSignal, checkText, namesOf } from "../arguments.js";
import type { ConsumerOptions, Subscription } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";

const CONSUMER_OPTIONS = namesOf<ConsumerOptions>({
  subscription: true,
  selector: true,
  noLocal: true,
  priority: true,
  creditWindow: true,
  acknowledge: true,
  onMessage: true,
  concurrency: true,
  onError: true,
  signal: true,
});
const SUBSCRIPTION_FIELDS = namesOf<Subscription>({ name: true, durable: true, shared: true });

/** @throws MessagingError `invalid-argument` for options that cannot be, or mean nothing for its destination. */
export function checkConsumerOptions(destination: Destination, options: ConsumerOptions): void {
  checkNames("The options of a consumer", options, CONSUMER_OPTIONS);
  const { noLocal, priority, acknowledge, subscription } = options;
  checkText("selector", options.selector);
  checkFlag("noLocal", noLocal);
  checkFunction("onMessage", options.onMessage);
  checkFunction("onError", options.onError);
  checkSignal("signal", options.signal);
  if (subscription !== undefined) {
    checkNames("subscription", subscription, SUBSCRIPTION_FIELDS);
    checkText("subscription.name", subscription.name ?? null);
    checkFlag("subscription.durable", subscription.durable);
    checkFlag("subscription.shared", subscription.shared);
  }
  if (noLocal === true && destination.kind !== "topic" && destination.kind !== "temporary-topic") {
    throw invalid("noLocal is for consumers of topics.", destination);
  }
  if (priority !== undefined && (!Number.isInteger(priority) || Math.abs(priority) > 0x7fffffff)) {
    throw invalid("priority is a whole number.", destination);
  }
  checkConcurrency(destination, options);
  if (acknowledge !== undefined && !["individual", "client", "auto", "dups-ok"].includes(acknowledge)) {
    throw invalid("acknowledge is `individual`, `client`, `auto` or `dups-ok`.", destination);
  }
}

function checkConcurrency(destination: Destination, { concurrency, onMessage, acknowledge }: ConsumerOptions): void {
  if (concurrency === undefined) return;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw invalid("concurrency is a whole number of at least 1.", destination);
  }
  if (onMessage === undefined) throw invalid("concurrency is for a consumer with onMessage.", destination);
  if (concurrency > 1 && acknowledge === "client") {
    throw invalid(
      "With acknowledge mode `client` concurrency is 1: accepting one message would accept those still being handled.",
      destination,
    );
  }
}

function invalid(sentence: string, { address }: Destination): MessagingError {
  return new MessagingError("invalid-argument", sentence, { destination: address });
}
