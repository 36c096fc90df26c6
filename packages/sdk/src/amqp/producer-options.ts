/** The options of a producer and of its sends: which there are, what they may be, and which of the two counts. */
import { checkDestination, checkNames, checkWait, namesOf } from "../arguments.js";
import type { Destination } from "../destination.js";
import type { Outgoing, SendOptions } from "../message.js";
import type { ProducerOptions } from "../producer.js";
import { checkSending, type EncodeOptions } from "./encode-sections.js";

export type AddressedOptions = SendOptions & { readonly destination?: Destination };
/** Of a send that is given none: known by being the same. */
export const NO_OPTIONS: AddressedOptions = {};
const SEND_OPTIONS = namesOf<AddressedOptions>({
  destination: true,
  priority: true,
  deliveryMode: true,
  timeToLiveMs: true,
  deliveryDelayMs: true,
  duplicateId: true,
  signal: true,
});
const PRODUCER_OPTIONS = namesOf<ProducerOptions>({
  priority: true,
  deliveryMode: true,
  timeToLiveMs: true,
  deliveryDelayMs: true,
  maximumInFlight: true,
  maximumWaiting: true,
  sendTimeoutMs: true,
  disableMessageId: true,
  disableTimestamp: true,
});
const OUTGOING_FIELDS = namesOf<Outgoing>({ destination: true, message: true, options: true });

/** @throws MessagingError `invalid-argument` */
export function checkProducerOptions(options: ProducerOptions): void {
  checkNames("The options of a producer", options, PRODUCER_OPTIONS);
  checkWait("sendTimeoutMs", options.sendTimeoutMs, 1);
  checkSending(options);
}

/** @throws MessagingError `invalid-argument` */
export function checkSendOptions(options: AddressedOptions): void {
  if (options === NO_OPTIONS) return;
  checkNames("The options of a send", options, SEND_OPTIONS);
  if (options.destination !== undefined) checkDestination("destination", options.destination);
}

/** @throws MessagingError `invalid-argument` */
export function checkOutgoing(outgoing: Outgoing): void {
  checkNames("One of the messages", outgoing, OUTGOING_FIELDS);
}

/** What a send says goes before what its producer says. */
export function withDefaults(options: AddressedOptions, defaults: ProducerOptions): EncodeOptions {
  if (options === NO_OPTIONS) return defaults;
  return {
    priority: options.priority ?? defaults.priority,
    deliveryMode: options.deliveryMode ?? defaults.deliveryMode,
    timeToLiveMs: options.timeToLiveMs ?? defaults.timeToLiveMs,
    deliveryDelayMs: options.deliveryDelayMs ?? defaults.deliveryDelayMs,
    duplicateId: options.duplicateId,
    disableMessageId: defaults.disableMessageId,
    disableTimestamp: defaults.disableTimestamp,
  } as EncodeOptions;
}
