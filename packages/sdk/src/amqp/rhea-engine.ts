/**
 * The part of rhea that the SDK stands on, and the remedies for what is wrong in it. Nothing else in the SDK knows
 * rhea's insides.
 *
 * rhea-promise is not used: what it adds to rhea (a promise, a 20 s timer and a map entry for each send, and waits
 * for handshakes) does not survive a lost transport, and its wrappers hide the deliveries that must be told apart.
 *
 * Each remedy names its symptom and its cause in rhea 3.0.5; it can go when rhea no longer has the cause.
 */
import rhea from "rhea";
import { DISPOSITION, decodeDisposition, performativeOf, TRANSFER } from "./decode-frames.js";
import { guardFrames } from "./frame-guard.js";
import { IncomingDeliveries } from "./incoming-deliveries.js";
import { OutgoingDeliveries } from "./outgoing-deliveries.js";
import { RheaTurns } from "./rhea-turns.js";
import type {
  RheaConnection,
  RheaDelivery,
  RheaOutgoing,
  RheaReceiver,
  RheaSaslClient,
  RheaSender,
  RheaSession,
  RheaTerminus,
} from "./rhea-types.js";
import { preferred, type SaslMechanisms } from "./sasl-mechanisms.js";

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
  TURNS.set(connection, new RheaTurns(connection));
  guardWhatIsRead(connection);
  return connection;
}

const TURNS = new WeakMap<RheaConnection, RheaTurns>();

function turnsOf(connection: RheaConnection): RheaTurns {
  const turns = TURNS.get(connection);
  if (turns === undefined) throw new Error("A connection that was not made here.");
  return turns;
}

/** To be called once the connection is open. */
export function startHeartbeat(connection: RheaConnection): void {
  turnsOf(connection).startHeartbeat();
  // The transport itself watches what comes; rhea would set a timer for each read.
  connection.local.open.idle_time_out = undefined;
}

function ignored(): void {}

/** Ends rhea's timers for good: what it still does in the present turn writes nothing and starts none again. */
export function endEngine(connection: RheaConnection): void {
  turnsOf(connection).end();
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
  new IncomingDeliveries(session, turnsOf(connection), size.incoming);
  checkDispositions(session);
  return session;
}

/** What a session's receiving link was sent. */
export function incomingOf({ incoming }: RheaSession): IncomingDeliveries {
  if (incoming instanceof IncomingDeliveries) return incoming;
  throw new Error("A session that was not made here.");
}

/** Takes the messages of a session's sending link out of rhea's hands, before anything of the session has left. */
export function sendDirectly(session: RheaSession): OutgoingDeliveries {
  return new OutgoingDeliveries(session, turnsOf(session.connection));
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
    if ((last ?? first) - first >= MAXIMUM_DISPOSED) throw tooWide();
    if (performative.state?.value === null) performative.value[STATE_OF_DISPOSITION] = undefined;
    receive.call(session, frame);
  };
}

function tooWide(): Error {
  return new Error("A disposition of more deliveries than there are.");
}

/** Deliveries in one disposition; no session holds as many unsettled. */
const MAXIMUM_DISPOSED = 2 ** 20;
/** The field's place in the performative (AMQP 1.0, 2.7.6). */
const STATE_OF_DISPOSITION = 4;

/**
 * rhea believes what a peer states of sizes and counts: it waits for a frame of 2 GiB, and makes an array of four
 * thousand million nulls out of nine bytes. What reaches it here is no larger than was agreed, and bears itself out.
 */
function guardWhatIsRead(connection: RheaConnection): void {
  const options = {
    maximumBytes: MAXIMUM_FRAME_BYTES,
    take: (frame: Buffer) => takeFrame(connection, frame),
    onRead: () => {},
    onError: (error: Error) => connection.emit("error", error),
  };
  const init = connection.init;
  // Connecting makes new transports.
  connection.init = (socket) => {
    init.call(connection, socket);
    guardFrames(connection.amqp_transport, options);
    const sasl = connection.sasl_transport;
    if (sasl !== undefined) {
      guardFrames(sasl.transport, { ...options, take: () => false });
      guardLogIn(connection, sasl);
    }
    return connection;
  };
}

/** SASL's outcome of a log-in that succeeded. */
const SASL_OK = 0;

/**
 * rhea uses the mechanism that the broker names first, even where another is better. It also trusts every broker that lets
 * it in; one that owes a proof and gives none may be an impostor.
 */
function guardLogIn(connection: RheaConnection, sasl: RheaSaslClient): void {
  const { on_sasl_mechanisms: offered, on_sasl_outcome: ended } = sasl;
  sasl.on_sasl_mechanisms = (frame) => {
    const names = frame.performative.sasl_server_mechanisms;
    sasl.mechanisms = preferred(sasl.mechanisms as SaslMechanisms, Array.isArray(names) ? names : [names]);
    offered.call(sasl, frame);
  };
  sasl.on_sasl_outcome = (frame) => {
    const { code, additional_data: said } = frame.performative;
    const doubt = code === SASL_OK ? sasl.mechanism?.doubt?.(Buffer.isBuffer(said) ? said : undefined) : undefined;
    if (doubt === undefined) {
      ended.call(sasl, frame);
      return;
    }
    sasl.failed = true;
    connection.sasl_failed(doubt);
  };
}

/** Takes the two frequent kinds of frame past rhea; false leaves a frame to it. */
function takeFrame(connection: RheaConnection, frame: Buffer): boolean {
  const performative = performativeOf(frame);
  if (performative !== TRANSFER && performative !== DISPOSITION) return false;
  const session = connection.remote_channel_map[frame.readUInt16BE(6)];
  // rhea has the words for a channel without a session.
  if (session === undefined) return false;
  if (performative === TRANSFER) {
    incomingOf(session).take(frame);
    return true;
  }
  const disposition = decodeDisposition(frame);
  if ((disposition.last - disposition.first) >>> 0 >= MAXIMUM_DISPOSED) throw tooWide();
  if (!disposition.fromReceiver) incomingOf(session).disposed(disposition);
  else if (session.outgoing instanceof OutgoingDeliveries) session.outgoing.disposed(disposition);
  else return false;
  return true;
}

interface Described {
  described(): unknown;
}

const outcomes = rhea.message as unknown as {
  modified(fields: { readonly delivery_failed: boolean }): Described;
};

/** modified(delivery-failed), the outcome of a delivery attempt that failed. */
export const MODIFIED_FAILED = outcomes.modified({ delivery_failed: true }).described();

/** Whether a sender of rhea's own may be given one more message now, so that it leaves in this turn (fault 2). */
export function canSend(session: RheaSession, sender: RheaSender): boolean {
  const outgoing = session.outgoing as RheaOutgoing;
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
  // A flow that was to be written at the end of this turn would give it again.
  incomingOf(session).forgetCredit();
  receiver.credit = 0;
  session._write_flow(receiver);
  receiver.credit = given;
}

/**
 * Asks for what is there now of the credit given, and to be told when there is no more: `receiver_drained`.
 *
 * Fault 4: rhea says `drain` in every flow from then on. It is said in this one flow alone.
 */
export function requestDrain(session: RheaSession, receiver: RheaReceiver): void {
  // A flow without `drain` right after it would take the question back.
  incomingOf(session).forgetCredit();
  receiver.drain = true;
  session._write_flow(receiver);
  receiver.drain = false;
}

/** A source's filter map for what JMS filters by. */
export function jmsFilters(selector: string | undefined, noLocal: boolean): object | undefined {
  if (selector === undefined && !noLocal) return undefined;
  return {
    ...(selector !== undefined && { "jms-selector": rhea.types.wrap_described(selector, 0x468c00000004) }),
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
