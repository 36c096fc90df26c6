/**
 * The connections of the gRPC door: how many there may be, and how many calls may be cancelled on one. A proxy that
 * carries many merchants on one connection must survive its callers' time-outs, and a stranger must not make us work by
 * calls that it takes back at once (HTTP/2 rapid reset, CVE-2023-44487). So the limits of Node, which know nothing of
 * tokens, are raised for all, and a connection on which no call has had a valid token yet is held to Node's own here,
 * with all calls that come to nothing.
 */
import type { ServerOptions } from "node:http2";
import { type AddressInfo, createServer, type Socket, type Server as TcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Server, ServerCredentials, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { DoorSecurity } from "./door.js";

/**
 * Resets of streams that nghttp2 takes on a connection: so many at once, and so many each second; it ends a connection
 * with more. Node's own 1,000 and 33 are used up by one merchant's time-outs.
 */
const STREAM_RESETS = { streamResetBurst: 100_000, streamResetRate: 20_000 } as const;
/** Calls without success on a connection without a valid token: so many at once, and so many each second. */
const STRANGERS_FAILURES = { burst: 1_000, perSecond: 33 } as const;

interface Peer {
  readonly socket: Socket;
  /** Whether a call on it has had a valid token. */
  isProven: boolean;
  /** Calls without success that it may still have, at the time `atMs`. */
  failuresLeft: number;
  atMs: number;
}

export class GrpcConnections {
  readonly #peers = new Map<string, Peer>();
  #listener: TcpServer | undefined;

  /** For the server's options: sees how calls end. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    let hasSucceeded = false;
    return new ServerInterceptingCall(call, {
      // Named here, for a connection that is gone has no peer any more.
      start: (next) => {
        const peer = this.#peers.get(call.getPeer());
        if (peer === undefined || peer.isProven) return next();
        // grpc-js calls it at the end of every call, also one that was answered.
        const onCancel = () => {
          if (!hasSucceeded) this.#countFailure(peer);
        };
        next({ onCancel });
      },
      sendStatus: (result, next) => {
        hasSucceeded = result.code === status.OK;
        next(result);
      },
    });
  };

  /** Open connections. */
  get size(): number {
    return this.#peers.size;
  }

  /**
   * Listens for connections and hands them to `server`. Further ones than `maximum` are closed at once. TLS ends here,
   * so grpc-js reads what was sent, and its credentials, which know no renewal, are those of plain text.
   * @returns the port.
   */
  async listen(
    server: Server,
    options: {
      readonly host: string;
      readonly port: number;
      readonly maximum: number;
      readonly secure: DoorSecurity;
      onRefused(): void;
    },
  ): Promise<number> {
    raiseStreamResets(server);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = listenerOf(options.secure, (socket) => {
      this.#add(socket);
      injector.injectConnection(socket);
    });
    listener.maxConnections = options.maximum;
    listener.on("drop", options.onRefused);
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(options.port, options.host, resolve);
    });
    return (listener.address() as AddressInfo).port;
  }

  /** A call from this peer has had a valid token. */
  prove(peer: string): void {
    const known = this.#peers.get(peer);
    if (known !== undefined) known.isProven = true;
  }

  /** Takes no more connections. */
  close(): void {
    this.#listener?.close();
  }

  #add(socket: Socket): void {
    const key = `${socket.remoteAddress}:${socket.remotePort}`;
    const peer = { socket, isProven: false, failuresLeft: STRANGERS_FAILURES.burst, atMs: performance.now() };
    this.#peers.set(key, peer);
    socket.once("close", () => this.#peers.get(key) === peer && this.#peers.delete(key));
  }

  #countFailure(peer: Peer): void {
    if (peer.isProven) return;
    const nowMs = performance.now();
    const gained = ((nowMs - peer.atMs) / 1_000) * STRANGERS_FAILURES.perSecond;
    peer.failuresLeft = Math.min(STRANGERS_FAILURES.burst, peer.failuresLeft + gained) - 1;
    peer.atMs = nowMs;
    if (peer.failuresLeft < 0) peer.socket.destroy();
  }
}

/** Hands sockets on: what is read from them is plain, whether they had TLS or not. */
function listenerOf({ tls, clientAuth }: DoorSecurity, take: (socket: Socket) => void): TcpServer {
  const secure = tls.serverOptions(clientAuth);
  if (secure === undefined) return createServer({ noDelay: true }, take);
  const listener = createTlsServer({ ...secure, noDelay: true, ALPNProtocols: ["h2"] }, take);
  tls.serve(listener);
  return listener;
}

/**
 * grpc-js 1.14.7 has no option for it: it calls `http2.createServer` with this object of its own. Should a release keep
 * it elsewhere, the gateway does not start, rather than have its connections ended under load.
 */
function raiseStreamResets(server: Server): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: ServerOptions };
  if (commonServerOptions === undefined) throw new Error("grpc-js takes no limits for the resets of streams any more");
  Object.assign(commonServerOptions, STREAM_RESETS);
}

/** The address of a peer without its port, for logs: `::1` of `::1:50123`. */
export function addressOf(peer: string): string {
  const end = peer.lastIndexOf(":");
  return end < 0 ? peer : peer.slice(0, end);
}
