/** A receiver of webhooks on loopback, for tests. */
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The connection's number, from 1: the same for two webhooks over one connection. */
  readonly connection: number;
}

export interface Receiver extends AsyncDisposable {
  readonly url: URL;
  readonly received: readonly ReceivedWebhook[];
}

/** A webhook that arrived, as its receiver reads it. */
export interface ReadWebhook {
  /** The `webhook-id`. */
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly type: string;
  /** The resource, as the API answers it in JSON. */
  readonly data: { readonly id: string } & Readonly<Record<string, unknown>>;
}

/** The webhooks that arrived after the first `from` [0], in their order. */
export function webhooksOf({ received }: Receiver, from = 0): ReadWebhook[] {
  return received.slice(from).map(({ headers, body }) => ({
    id: String(headers["webhook-id"]),
    headers: headers as Record<string, string>,
    body,
    ...(JSON.parse(body) as Pick<ReadWebhook, "type" | "data">),
  }));
}

export type Answer = (response: ServerResponse, webhook: ReceivedWebhook) => void;

/** Answers each webhook by `answer`; one that is never answered is cut off when the receiver closes. */
export function startReceiver(answer: Answer): Promise<Receiver> {
  return receiveWith(
    (listener) => createServer(listener),
    (server) => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`),
    answer,
  );
}

/** The same on a server of any kind. */
export async function receiveWith(
  create: (listener: RequestListener) => Server,
  urlOf: (server: Server) => URL,
  answer: Answer,
): Promise<Receiver> {
  const received: ReceivedWebhook[] = [];
  const connections = new WeakMap<Socket, number>();
  let connectionCount = 0;
  const server = create(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const webhook = {
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
      connection: connections.get(request.socket) ?? 0,
    };
    received.push(webhook);
    answer(response, webhook);
  });
  for (const event of ["connection", "secureConnection"]) {
    server.on(event, (socket: Socket) => {
      connectionCount += 1;
      connections.set(socket, connectionCount);
    });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: urlOf(server),
    received,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
