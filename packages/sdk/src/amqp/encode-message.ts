/**
 * Makes the wire form of a message: the sections of AMQP 1.0 (part 3, 3.2) in the shape in which Qpid JMS and Artemis
 * write a JMS message. The result is sent by rhea as it is (message format 0).
 */
import type { Destination } from "../destination.js";
import type { OutgoingMessage } from "../message.js";
import { type AddressPrefixes, NO_PREFIXES, wireAddress } from "./address-prefixes.js";
import { bodyOf, checkFields, writeBody } from "./encode-body.js";
import { encodeCopy } from "./encode-copy.js";
import {
  type EncodeOptions,
  writeAnnotations,
  writeApplicationProperties,
  writeHeader,
  writeProperties,
  writer,
} from "./encode-sections.js";
import { receivedIn } from "./received-content.js";

/**
 * Encodes a message for `destination`.
 * @throws MessagingError `invalid-argument` for what cannot be sent as given.
 */
export function encodeMessage(
  message: OutgoingMessage,
  destination: Destination,
  options: EncodeOptions,
  prefixes: AddressPrefixes = NO_PREFIXES,
): Buffer {
  try {
    const received = receivedIn(message);
    if (received !== undefined) encodeCopy(received, message, { destination, options, prefixes });
    else encodeNew(message, destination, options, prefixes);
    return writer.finish();
  } catch (error) {
    writer.reset();
    throw error;
  }
}

function encodeNew(
  message: OutgoingMessage,
  destination: Destination,
  options: EncodeOptions,
  prefixes: AddressPrefixes,
): void {
  checkFields(message);
  const now = Date.now();
  const body = bodyOf(message);
  writeHeader(options);
  writeAnnotations(body.type, destination, message.replyTo, options.deliveryDelayMs, now);
  const { replyTo } = message;
  const addresses = {
    to: wireAddress(destination, prefixes),
    replyTo: replyTo && wireAddress(replyTo, prefixes),
  };
  writeProperties(message, addresses, body, options, now);
  writeApplicationProperties(message, options.duplicateId);
  writeBody(writer, body);
}
