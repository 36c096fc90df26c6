/** One peer of the server: its socket, SASL, its sessions, and its end, however that comes. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { DecodeError } from "../codec-reader.js";
import { DISPOSITION, decodeDisposition, decodeTransfer, performativeOf, TRANSFER } from "../decode-frames.js";
import { guardFrames } from "../frame-guard.js";
import { FrameOutput } from "../frame-output.js";
import { symbols } from "./attach-request.js";
import { type Backend, type BackendConnection, type Condition, Refusal } from "./backend.js";
import { offerSasl } from "./offer-sasl.js";
import {
  closeWithInfo,
  createContainer,
  type RheaConnection,
  type RheaContainer,
  type RheaLink,
  type RheaSession,
  silence,
} from "./rhea-server.js";
import { ServerSession, type ServerSessionHost } from "./server-session.js";
import {
  connectionOptions,
  MAXIMUM_FRAME_BYTES,
  MAXIMUM_SESSIONS,
  peerProperties,
  type ServerSettings,
} from "./server-settings.js";
import { Transactions } from "./transaction.js";

/** AMQP 1.0, 2.7.1: nobody may take less. */
const MINIMUM_FRAME_BYTES = 512;
/** A peer that has not opened its AMQP connection by then is dropped. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A peer that does not close its side of the connection by then is dropped. */
const CLOSE_TIMEOUT_MS = 1_000;
/** Bytes that may wait in a socket before deliveries wait for it. */
const MAXIMUM_UNWRITTEN_BYTES = 1 << 20;
export class ServerConnection {
  readonly #socket: Socket;
  readonly #backend: Backend;
  readonly #settings: ServerSettings;
  readonly #connection: RheaConnection;
  readonly #sessions = new Map<object, ServerSession>();
  readonly #dirty = new Set<ServerSession>();
  readonly #transactions = new Transactions();
  readonly #handshake: NodeJS.Timeout;
  #user: string | undefined;
  #opened: BackendConnection | undefined;
  #ended = false;
  readonly #output = new FrameOutput();
  readonly #writeOutput = () => {
    this.#isWriting = false;
    this.#flushOutput();
  };
  #isWriting = false;

  constructor(socket: Socket, backend: Backend, settings: ServerSettings) {
    this.#socket = socket;
    this.#backend = backend;
    this.#settings = settings;
    const container = createContainer(settings.containerId);
    this.#offerSasl(container);
    this.#connection = container.create_connection(connectionOptions(settings));
    this.#listen(container);
    this.#guardTurns();
    this.#guardOrder();
    this.#limitSessions();
    this.#connection.accept(socket);
    this.#guardTransports();
    socket.setNoDelay(true);
    socket.on("drain", () => this.#wake());
    socket.on("close", () => {
      this.#end();
      silence(this.#connection);
    });
    this.#handshake = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS);
  }

  /** The user that SASL found, if any. */
  get user(): string | undefined {
    return this.#user;
  }

  /** Cuts the connection silently. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Cuts the connection silently; when it returns, what the peer held is released. */
  abort(): void {
    this.drop();
    this.#end();
  }

  /** Tells the peer to go. */
  shutDown(condition: Condition): void {
    this.#end();
    this.#closeFor(condition);
  }

  #offerSasl(container: RheaContainer): void {
    offerSasl(container, this.#backend, certifiedName(this.#socket), {
      known: (user) => {
        this.#user = user;
      },
      // Whoever failed gets to read the outcome, and no second attempt on this connection.
      refused: () => setImmediate(() => this.#hangUp()),
    });
  }

  #listen(container: RheaContainer): void {
    const on = <E>(name: string, act: (event: E) => void) => {
      container.on(name, (event: E) => this.#guarded(() => act(event)));
    };
    on("connection_open", () => this.#peerOpened());
    on<{ session: RheaSession }>("session_open", ({ session }) => this.#sessionOpened(session));
    on<{ session: RheaSession }>("session_close", ({ session }) => {
      this.#sessions.get(session.incoming)?.close();
      this.#sessions.delete(session.incoming);
    });
    const detached = (link: RheaLink) => this.#sessions.get(link.session.incoming)?.detached(link);
    on<{ receiver: RheaLink }>("receiver_close", ({ receiver }) => detached(receiver));
    on<{ sender: RheaLink }>("sender_close", ({ sender }) => detached(sender));
    on("connection_close", () => this.#end());
    // rhea throws, or writes to the console, where nobody hears these. The end of the socket says it all.
    for (const name of SILENT_EVENTS) container.on(name, () => {});
  }

  #peerOpened(): void {
    const { open } = this.#connection.remote;
    clearTimeout(this.#handshake);
    const containerId = typeof open?.container_id === "string" ? open.container_id : "";
    const soleContainer = symbols(open?.desired_capabilities).includes("sole-connection-for-container");
    try {
      this.#opened = this.#backend.connect({ containerId, user: this.#user, soleContainer });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // What Qpid JMS looks for, so that it does not take the connection for a good one before the close comes.
      this.#connection.local.open.properties = {
        ...peerProperties(this.#settings),
        "amqp:connection-establishment-failed": true,
      };
      this.#closeFor(error);
    }
  }

  #sessionOpened(session: RheaSession): void {
    const backend = this.#opened;
    if (backend === undefined || this.#ended) return;
    const { max_frame_size: maximum } = this.#connection.remote.open ?? {};
    const host: ServerSessionHost = {
      backend,
      maximumMessageBytes: this.#settings.maximumMessageBytes,
      maximumFrameBytes: Math.min(MAXIMUM_FRAME_BYTES, Math.max(maximum ?? MAXIMUM_FRAME_BYTES, MINIMUM_FRAME_BYTES)),
      transactions: this.#transactions,
      isWritable: () => this.#isWritable(),
      write: (bytes) => this.#write(bytes),
      dirty: (dirty) => this.#dirty.add(dirty),
    };
    const opened = new ServerSession(session, host);
    // rhea's session keeps the object, which makes it the key by which frames find their session.
    this.#sessions.set(session.incoming, opened);
  }

  #isWritable(): boolean {
    const { writable, writableLength } = this.#socket;
    return writable && writableLength + this.#output.length < MAXIMUM_UNWRITTEN_BYTES;
  }

  /** All that is written in one turn leaves in one buffer. */
  #write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.#output.append(bytes);
    if (this.#output.isFull) this.#flushOutput();
    if (this.#isWriting) return;
    this.#isWriting = true;
    process.nextTick(this.#writeOutput);
  }

  #flushOutput(): void {
    if (this.#socket.writable) this.#output.flush(this.#socket);
    else this.#output.clear();
  }

  /** What rhea writes by itself goes behind what was said before. */
  #guardOrder(): void {
    const output = this.#connection.output;
    this.#connection.output = () => {
      this.#flushOutput();
      output.call(this.#connection);
    };
  }

  #guardTransports(): void {
    const { amqp_transport: amqp, sasl_transport: sasl } = this.#connection;
    const common = { maximumBytes: MAXIMUM_FRAME_BYTES, onError: (error: Error) => this.#fail(error) };
    guardFrames(amqp, { ...common, take: (frame) => this.#take(frame), onRead: () => this.#flush() });
    if (sasl !== undefined) {
      const { transport } = "transports" in sasl ? sasl.transports[3] : sasl;
      guardFrames(transport, { ...common, take: () => false, onRead: () => {} });
    }
  }

  #limitSessions(): void {
    const begin = this.#connection.on_begin;
    this.#connection.on_begin = (frame) => {
      if (Object.keys(this.#connection.local_channel_map).length >= MAXIMUM_SESSIONS) {
        throw new Error(`more than ${MAXIMUM_SESSIONS} sessions`);
      }
      begin.call(this.#connection, frame);
    };
  }

  /** Transfers and dispositions do not pass through rhea. */
  #take(frame: Buffer): boolean {
    const performative = performativeOf(frame);
    if (performative !== TRANSFER && performative !== DISPOSITION) return this.#ended;
    if (this.#ended) return true;
    const session = this.#connection.remote_channel_map[frame.readUInt16BE(6)];
    const transfers = session === undefined ? undefined : this.#sessions.get(session.incoming);
    if (transfers === undefined) throw new DecodeError("a message on a channel without a session");
    if (performative === TRANSFER) transfers.transfer(decodeTransfer(frame));
    else transfers.disposition(decodeDisposition(frame));
    return true;
  }

  #flush(): void {
    for (const session of this.#dirty) session.flush();
    this.#dirty.clear();
  }

  #wake(): void {
    for (const session of this.#sessions.values()) session.wake();
  }

  /** rhea works in turns of its own, in which an exception would end the process. */
  #guardTurns(): void {
    const turn = this.#connection._process;
    this.#connection._process = () => this.#guarded(() => turn.call(this.#connection));
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The peer broke the protocol: it is told, and that is its end. */
  #fail(error: Error): void {
    const condition =
      error instanceof Refusal
        ? error.condition
        : error instanceof DecodeError
          ? "amqp:decode-error"
          : "amqp:internal-error";
    this.#end();
    this.#closeFor({ condition, description: error.message });
  }

  #closeFor(condition: Condition): void {
    if (!this.#connection.state.remote_open) {
      this.#socket.destroy();
      return;
    }
    closeWithInfo(this.#connection, condition);
    // rhea writes the close in its next turn.
    setImmediate(() => this.#hangUp());
  }

  #hangUp(): void {
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Releases what the peer held. Called once for all the ways in which a connection ends. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#handshake);
    this.#flush();
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.#opened?.close();
  }
}

/** The common name in a certificate that an authority of ours has signed. */
function certifiedName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { CN: name } = socket.getPeerCertificate().subject ?? {};
  // A subject with several names is nobody's.
  return typeof name === "string" ? name : undefined;
}

const SILENT_EVENTS = [
  "error",
  "protocol_error",
  "connection_error",
  "session_error",
  "receiver_error",
  "sender_error",
  "disconnected",
];
