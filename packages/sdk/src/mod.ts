/** Every public name of `@quittance/sdk`; what is not here is not public. */
import "./node-version.js";

export type { BreakerOptions, BreakerState, CircuitBreaker } from "./breaker.js";
export type { Browser, BrowserOptions } from "./browser.js";
export { connect } from "./connect.js";
export type {
  BrokerAddress,
  Connection,
  ConnectionState,
  ConnectOptions,
  Credentials,
  ReconnectOptions,
  SaslMechanism,
  TlsOptions,
} from "./connection.js";
export type { Consumer, ConsumerOptions, Subscription } from "./consumer.js";
export type { DeadLetter, DeadLetters } from "./dead-letters.js";
export type { TemporaryQueue, TemporaryTopic } from "./destination.js";
export { type Destination, queue, topic } from "./destination.js";
export { MessagingError, type MessagingErrorCode, type MessagingErrorDetails } from "./errors.js";
export type {
  Message,
  MessageBase,
  MessageKind,
  Outgoing,
  OutgoingBody,
  OutgoingEntry,
  OutgoingMessage,
  OutgoingProperty,
  PropertyValue,
  SendOptions,
} from "./message.js";
export { createBreaker } from "./processor/create-breaker.js";
export type {
  CrashJournalOptions,
  ErrorClass,
  Held,
  Incoming,
  Outcome,
  Processor,
  ProcessorEvent,
  ProcessorOptions,
} from "./processor.js";
export type { Producer, ProducerOptions, Stall } from "./producer.js";
export type { Logger, UnheardFailure } from "./reporting.js";
export type { RequestOptions, Responder, RespondOptions } from "./request-reply.js";
export type { StandardSchemaV1 } from "./standard-schema.js";
export type { Transaction, TransactionScope, TransactionState } from "./transaction.js";
export {
  byte,
  char,
  double,
  float,
  int,
  type JmsType,
  type JmsTypes,
  long,
  short,
  type TypedValue,
  ulong,
} from "./typed-value.js";
