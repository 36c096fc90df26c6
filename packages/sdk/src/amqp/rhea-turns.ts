/**
 * Takes reading, writing and heartbeats of a connection out of rhea's hands. rhea writes each frame by itself, goes
 * through all sessions and links in each turn, and sets its timers again for each frame and each read.
 *
 * Here a turn of the event loop writes once: what links have to say of their own (transfers, dispositions, credit),
 * then what rhea has to say, if it has something.
 */
import { FrameOutput } from "./frame-output.js";
import type { RheaConnection } from "./rhea-types.js";

/** An empty frame: a sign of life (AMQP 1.0, 2.4.5). */
const HEARTBEAT = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]);

/** Says what it has put off until the end of the turn. */
export interface PutOff {
  flush(): void;
}

export class RheaTurns {
  readonly output = new FrameOutput();
  readonly #connection: RheaConnection;
  readonly #rheaTurn: () => void;
  readonly #putOff: PutOff[] = [];
  readonly #turn = () => this.#run();
  #scheduled = false;
  /** rhea asked for a turn. */
  #rheaWaits = false;
  /** The beginning of a frame whose end has not come. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** What must be there before it is worth to look again. */
  #neededBytes = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #wrote = false;

  constructor(connection: RheaConnection) {
    this.#connection = connection;
    this.#rheaTurn = connection._process;
    connection._register = () => {
      this.#rheaWaits = true;
      this.schedule();
    };
    connection.output = () => this.#takeOver();
    connection.input = (bytes) => this.#read(bytes);
  }

  /** Has what was put into the output written at the end of the turn. */
  schedule(): void {
    if (this.output.isFull) this.#write();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#turn);
  }

  /** Calls `flush` once at the end of the turn. Callers ask once only. */
  putOff(what: PutOff): void {
    this.#putOff.push(what);
    this.schedule();
  }

  /** Makes sure that the peer hears something at least twice within the time after which it gives up. */
  startHeartbeat(): void {
    const idleMs = this.#connection.idle_time_out;
    if (typeof idleMs !== "number" || idleMs <= 0) return;
    // A check finds nothing written since the one before: at most half of the time has passed.
    this.#heartbeat = setInterval(() => this.#beat(), Math.max(1, Math.floor(idleMs / 4)));
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.output.clear();
    this.#putOff.length = 0;
  }

  #beat(): void {
    if (this.#wrote) {
      this.#wrote = false;
      return;
    }
    this.output.append(HEARTBEAT);
    this.#write();
  }

  /** An exception is reported like any other failure of the connection: it would end the process otherwise. */
  #run(): void {
    this.#scheduled = false;
    try {
      // Before what may follow from it, like the end of a link.
      this.#sayPutOff();
      if (this.#rheaWaits) {
        this.#rheaWaits = false;
        this.#rheaTurn.call(this.#connection);
        // rhea reports outcomes in its turn, and a listener may have something to send.
        this.#sayPutOff();
      }
    } catch (error) {
      this.#connection.emit("error", error);
    }
    this.#write();
  }

  #sayPutOff(): void {
    for (let what = this.#putOff.shift(); what !== undefined; what = this.#putOff.shift()) what.flush();
  }

  #write(): void {
    const { socket, socket_ready: ready } = this.#connection;
    if (this.output.isEmpty) return;
    if (socket === undefined || !ready || !socket.writable) {
      this.output.clear();
      return;
    }
    this.#wrote = true;
    this.output.flush(socket);
  }

  /** rhea's `output`: its frames go behind those that are gathered. */
  #takeOver(): void {
    const connection = this.#connection;
    const { socket, transport } = connection;
    if (socket === undefined || !connection.socket_ready) return;
    try {
      this.#sayPutOff();
      transport.write(this.#sink);
    } catch (error) {
      this.#failed(error);
      return;
    }
    const isOver = connection.is_closed() && connection.state.has_settled();
    if ((isOver || connection.transport_error !== undefined) && !transport.has_writes_pending()) {
      this.#write();
      socket.end();
      return;
    }
    this.schedule();
  }

  readonly #sink = { write: (bytes: Buffer) => this.output.append(bytes) };

  #read(bytes: Buffer): void {
    const connection = this.#connection;
    try {
      const all = this.#joined(bytes);
      if (all === undefined) return;
      const used = connection.transport.read(all);
      if (used < all.length) this.#keep(all.subarray(used));
      if (connection.transport.has_writes_pending()) connection.output();
      else if (connection.is_closed() && connection.state.has_settled()) connection.socket?.end();
    } catch (error) {
      this.#failed(error);
    }
  }

  #joined(bytes: Buffer): Buffer | undefined {
    if (this.#restBytes === 0) return bytes;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    if (this.#restBytes < this.#neededBytes) return undefined;
    const all = Buffer.concat(this.#rest, this.#restBytes);
    this.#rest = [];
    this.#restBytes = 0;
    return all;
  }

  #keep(rest: Buffer): void {
    this.#rest = [rest];
    this.#restBytes = rest.length;
    this.#neededBytes = this.#connection.transport.peek_size(rest) ?? 0;
  }

  #failed(error: unknown): void {
    const isProtocol = error instanceof Error && error.name === "ProtocolError";
    this.#connection.emit(isProtocol ? "protocol_error" : "error", error);
    this.#connection.socket?.end();
  }
}
