/** A receiver of webhooks on loopback, for tests. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
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

/** Answers each webhook by `answer`; one that is never answered is cut off when the receiver closes. */
export async function startReceiver(
  answer: (response: ServerResponse, webhook: ReceivedWebhook) => void,
): Promise<Receiver> {
  const received: ReceivedWebhook[] = [];
  const connections = new WeakMap<Socket, number>();
  let connectionCount = 0;
  const server = createServer(async (request, response) => {
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
  server.on("connection", (socket) => {
    connectionCount += 1;
    connections.set(socket, connectionCount);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/hook`),
    received,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
