/**
 * The part of rhea that the SDK stands on, and the remedies for what is wrong in it. Nothing else in the SDK knows
 * rhea's insides.
 *
 * rhea-promise is not used: what it adds to rhea (a promise, a 20 s timer and a map entry for each send, and waits
 * for handshakes) does not survive a lost line, and its wrappers hide the deliveries that must be told apart.
 *
 * Each remedy names its symptom and its cause in rhea 3.0.5; it can go when rhea no longer has the cause.
 */
import rhea from "rhea";
import { guardFrames } from "./frame-guard.js";
import type {
  AmqpCondition,
  RheaConnection,
  RheaDelivery,
  RheaReceiver,
  RheaSender,
  RheaSession,
  RheaTerminus,
} from "./rhea-types.js";
import { transactionalState } from "./transaction-engine.js";
import { UnsettledDeliveries } from "./unsettled-deliveries.js";

/** Larger frames than this are not accepted; longer messages come in several. */
const MAXIMUM_FRAME_BYTES = 256 * 1024;

/** A new connection, not yet connecting, in a container of its own. */
export function createRheaConnection(containerId: string, options: object): RheaConnection {
  const container = rhea.create_container({ id: containerId });
  // Errors of links and sessions that nobody heard end here; each of ours is heard where it belongs.
  container.on("error", ignored);
  const connection = container.create_connection({
    ...options,
    container_id: containerId,
    max_frame_size: MAXIMUM_FRAME_BYTES,
    // Fault 8: rhea's reconnection drops unsettled deliveries in silence and gives up on most errors.
    reconnect: false,
  } as never) as unknown as RheaConnection;
  corkEachTurn(connection);
  guardWhatIsRead(connection);
  return connection;
}

function ignored(): void {}

/** Ends rhea's timers for good: what it still does in the present turn writes nothing and starts none again. */
export function endEngine(connection: RheaConnection): void {
  connection._disconnected();
  connection.socket_ready = false;
  connection.local.open.idle_time_out = undefined;
}

/** A session that keeps any number of messages unsettled up to `incoming`, and hands bodies over undecoded. */
export function createRheaSession(
  connection: RheaConnection,
  size: { readonly incoming: number; readonly outgoing: number },
): RheaSession {
  const session = connection.create_session(size);
  session.incoming.deliveries = new UnsettledDeliveries(size.incoming);
  handOverBytes(session);
  checkDispositions(session);
  return session;
}

/**
 * Where a disposition has no state, rhea prints its AMQP null to the console as an outcome that it does not know. Where
 * it speaks of four thousand million deliveries, rhea looks for each of them.
 */
function checkDispositions(session: RheaSession): void {
  const receive = session.on_disposition;
  session.on_disposition = (frame) => {
    const { performative } = frame;
    const { first, last } = performative;
    if ((last ?? first) - first >= MAXIMUM_DISPOSED)
      throw new Error("A disposition of more deliveries than there are.");
    if (performative.state?.value === null) performative.value[STATE_OF_DISPOSITION] = undefined;
    receive.call(session, frame);
  };
}

/** Deliveries in one disposition; no session holds as many unsettled. */
const MAXIMUM_DISPOSED = 2 ** 20;
/** The field's place in the performative (AMQP 1.0, 2.7.6). */
const STATE_OF_DISPOSITION = 4;

/**
 * rhea writes each frame to the socket by itself. With the socket corked, all frames of one turn of its engine leave
 * in one system call. An exception in a turn is reported like any other failure of the connection: it would end the
 * process otherwise.
 */
function corkEachTurn(connection: RheaConnection): void {
  const turn = connection._process;
  connection._process = () => {
    const { socket } = connection;
    socket?.cork();
    try {
      turn.call(connection);
    } catch (error) {
      connection.emit("error", error);
    } finally {
      socket?.uncork();
    }
  };
}

/**
 * Fault 5: rhea decodes a message while it reads the frame, and an exception there drops the connection, so that a
 * poison message becomes a reconnect loop. With another message format than 0, rhea hands the bytes over as they are.
 */
function handOverBytes(session: RheaSession): void {
  const receive = session.on_transfer;
  session.on_transfer = (frame) => {
    frame.performative.message_format = 1;
    receive.call(session, frame);
  };
}

/**
 * rhea believes what a peer states of sizes and counts: it waits for a frame of 2 GiB, and makes an array of four
 * thousand million nulls out of nine bytes. What reaches it here is no larger than was agreed, and bears itself out.
 */
function guardWhatIsRead(connection: RheaConnection): void {
  const options = {
    maximumBytes: MAXIMUM_FRAME_BYTES,
    take: () => false,
    onRead: () => {},
    onError: (error: Error) => connection.emit("error", error),
  };
  const init = connection.init;
  // Connecting makes the transports anew.
  connection.init = (socket) => {
    init.call(connection, socket);
    guardFrames(connection.amqp_transport, options);
    if (connection.sasl_transport !== undefined) guardFrames(connection.sasl_transport.transport, options);
    return connection;
  };
}

/** What becomes of a received message; `failed` is modified(delivery-failed). */
export type Outcome =
  | { readonly name: "accepted" }
  /** Accepted if the transaction commits. */
  | { readonly name: "accepted-within"; readonly transaction: Buffer }
  | { readonly name: "released" }
  | { readonly name: "failed" }
  | { readonly name: "rejected"; readonly reason: string | undefined };

interface Described {
  described(): unknown;
}

const outcomes = rhea.message as unknown as {
  accepted(): Described;
  released(): Described;
  modified(fields: { readonly delivery_failed: boolean }): Described;
  rejected(fields: { readonly error?: AmqpCondition }): Described;
};

const ACCEPTED = outcomes.accepted().described();
const ACCEPTED_DESCRIPTOR = 0x24;
const RELEASED = outcomes.released().described();
/** modified(delivery-failed), the outcome of a delivery attempt that failed. */
export const MODIFIED_FAILED = outcomes.modified({ delivery_failed: true }).described();

/**
 * Settles an incoming delivery.
 *
 * Fault 1: of several deliveries settled in one turn, rhea joins the first two of a run into one disposition without
 * comparing their outcomes, so that accept and reject become accept and accept. What waits is therefore written
 * before an outcome follows that may not be joined with it: only accepted may follow accepted.
 */
export function settleDelivery(session: RheaSession, delivery: RheaDelivery, outcome: Outcome): void {
  const { incoming } = session;
  const last = incoming.updated.at(-1);
  const joins = outcome.name === "accepted" && last?.state?.descriptor?.value === ACCEPTED_DESCRIPTOR;
  if (last !== undefined && !joins) incoming.process(session);
  delivery.update(true, stateOf(outcome));
  incoming.deliveries.settled(delivery);
}

function stateOf(outcome: Outcome): unknown {
  switch (outcome.name) {
    case "accepted":
      return ACCEPTED;
    case "accepted-within":
      return transactionalState(outcome.transaction, "accepted");
    case "released":
      return RELEASED;
    case "failed":
      return MODIFIED_FAILED;
    case "rejected": {
      if (outcome.reason === undefined) return outcomes.rejected({}).described();
      const error = { condition: "amqp:internal-error", description: outcome.reason };
      return outcomes.rejected({ error }).described();
    }
  }
}

/** Whether a sender may be given one more message now, so that it leaves in this turn (fault 2). */
export function canSend(session: RheaSession, sender: RheaSender): boolean {
  const { outgoing } = session;
  // rhea takes credit off when it writes the frame; what was given to it before that has used some already.
  const unwritten = outgoing.next_delivery_id - outgoing.next_pending_delivery;
  return sender.credit > unwritten && outgoing.available() > 0;
}

/** Forgets an outgoing delivery whose outcome nobody waits for any more: rhea frees its place at the next turn. */
export function abandonDelivery(delivery: RheaDelivery): void {
  delivery.settled = true;
  delivery.remote_settled = true;
}

/**
 * Withdraws all credit. rhea would use `drain` for that, which asks for a full window of messages first and then
 * stays set (fault 4). What is on its way already will arrive and is counted off the credit that was given.
 */
export function withdrawCredit(session: RheaSession, receiver: RheaReceiver): void {
  const given = receiver.credit;
  receiver.credit = 0;
  session._write_flow(receiver);
  receiver.credit = given;
  // A flow that was to be written at the end of this turn would give it anew.
  receiver.issue_flow = false;
}

/**
 * Asks for what is there now of the credit given, and to be told when there is no more: `receiver_drained`.
 *
 * Fault 4: rhea says `drain` in every flow from then on. It is said in this one flow alone.
 */
export function requestDrain(session: RheaSession, receiver: RheaReceiver): void {
  receiver.drain = true;
  session._write_flow(receiver);
  receiver.drain = false;
  // A flow without `drain` right after it would take the question back.
  receiver.issue_flow = false;
}

/** A source's filter map for what JMS filters by. */
export function jmsFilters(selector: string | undefined, noLocal: boolean): object | undefined {
  if (selector === undefined && !noLocal) return undefined;
  return {
    ...(selector === undefined ? {} : { "jms-selector": rhea.types.wrap_described(selector, 0x468c00000004) }),
    ...(noLocal ? { "no-local": rhea.types.wrap_described([], 0x468c00000003) } : {}),
  };
}

/** The selector that a source holds, as a broker says it back. */
export function selectorOf(source: RheaTerminus | undefined): string | undefined {
  const { filter } = source ?? {};
  if (typeof filter !== "object" || filter === null) return undefined;
  for (const value of Object.values(filter)) {
    const { descriptor, value: text } = (value ?? {}) as { descriptor?: { value?: unknown }; value?: unknown };
    const named = descriptor?.value;
    if (named === 0x468c00000004 || named === "apache.org:selector-filter:string") {
      return typeof text === "string" ? text : undefined;
    }
  }
  return undefined;
}

/** The link property under which brokers look for a consumer's priority. */
export function priorityProperty(priority: number): object {
  return { priority: rhea.types.wrap_int(priority) };
}

/** rhea's options of the link whose dynamic target is a temporary destination (lifetime policy: AMQP 1.0, 3.5.10). */
export function temporaryOptions(kind: "temporary-queue" | "temporary-topic"): object {
  return {
    treat_modified_as_released: false,
    source: {},
    target: {
      dynamic: true,
      durable: 0,
      expiry_policy: "link-detach",
      dynamic_node_properties: { "lifetime-policy": rhea.types.wrap_described([], 0x2b) },
      capabilities: [kind],
    },
  };
}
