/** Every public name of `@quittance/sdk`; what is not here is not public. */
export { connect } from "./amqp/connect.js";
export type {
  BreakerOptions,
  BreakerState,
  Browser,
  BrowserOptions,
  CircuitBreaker,
  Connection,
  ConnectionState,
  ConnectOptions,
  Consumer,
  ConsumerOptions,
  CrashJournalOptions,
  DeadLetter,
  DeadLetters,
  ErrorClass,
  Incoming,
  Outcome,
  Processor,
  ProcessorEvent,
  ProcessorOptions,
  Producer,
  ProducerOptions,
  ReconnectOptions,
  RequestOptions,
  Responder,
  RespondOptions,
  Subscription,
  TemporaryQueue,
  TemporaryTopic,
  TlsOptions,
} from "./connection.js";
export { type Destination, queue, topic } from "./destination.js";
export { MessagingError, type MessagingErrorCode, type MessagingErrorDetails } from "./errors.js";
export type {
  Message,
  Outgoing,
  OutgoingBody,
  OutgoingEntry,
  OutgoingMessage,
  OutgoingProperty,
  PropertyValue,
  SendOptions,
} from "./message.js";
export { createBreaker } from "./processor/create-breaker.js";
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
} from "./typed-value.js";
