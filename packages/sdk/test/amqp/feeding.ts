/** Messages from a scripted peer to a consumer of the SDK. */
import type { Consumer } from "../../dist/consumer.js";
import type { Message } from "../../dist/message.js";
import type { PeerSender } from "./scripted-peer.js";

/** Sends as far as the client's credit goes, and the rest when more comes: bodies, or with a format bytes as they are. */
export function feed(sender: PeerSender, bodies: unknown[], format?: number): void {
  const send = () => {
    while (bodies.length > 0 && sender.sendable()) {
      const body = bodies.shift();
      sender.send(format === undefined ? { body } : body, undefined, format);
    }
  };
  (sender as unknown as { on(event: string, listener: () => void): void }).on("sendable", send);
}

export async function receiveAll(consumer: Consumer, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count)
    messages.push(...(await consumer.receiveBatch({ maximumSize: count - messages.length })));
  return messages;
}
