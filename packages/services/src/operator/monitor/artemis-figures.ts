/**
 * Asks Artemis by management messages over AMQP. The user needs no right to change anything: with
 * `management-message-rbac` each operation is a right of its own, and the auditor has three that look.
 */
import { randomUUID } from "node:crypto";
import { type Connection, type Consumer, type Producer, queue } from "@quittance/sdk";
import { z } from "zod";
import { MANAGEMENT_ADDRESS, MANAGEMENT_REPLIES } from "../broker-configuration.js";
import type { BrokerFigures, QueueFigures } from "./observe-queues.js";

/** How long one answer may take, in milliseconds. */
const ANSWER_TIMEOUT_MS = 4_000;
/** Queues in one answer; temporary ones are among them. */
const MAXIMUM_QUEUES = 5_000;
/** Answers to earlier questions that are passed over while one is waited for. */
const MAXIMUM_PASSED_OVER = 100;

/** As much of Artemis's answer to `listQueues` as is used; it writes numbers as text. */
const QUEUES = z.object({
  data: z.array(z.object({ name: z.string(), messageCount: z.coerce.number(), consumerCount: z.coerce.number() })),
});

/** A line to the broker's management. */
export class ArtemisManagement {
  readonly #producer: Producer;
  readonly #replies: Consumer;
  /** What the ids of its questions begin with. */
  readonly #asker: string;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(asker: string, producer: Producer, replies: Consumer) {
    this.#asker = asker;
    this.#producer = producer;
    this.#replies = replies;
  }

  static async open(connection: Connection): Promise<ArtemisManagement> {
    const asker = randomUUID();
    // The monitor and the consoles share the queue: each takes the answers to its own questions.
    const replies = await connection.createConsumer(queue(MANAGEMENT_REPLIES), {
      selector: `JMSCorrelationID LIKE '${asker}%'`,
    });
    const producer = await connection.createProducer(queue(MANAGEMENT_ADDRESS), { deliveryMode: "non-persistent" });
    return new ArtemisManagement(asker, producer, replies);
  }

  /** The figures of all queues; `watched` names those whose oldest message is looked at. One question at a time. */
  figures(watched: readonly string[]): Promise<BrokerFigures> {
    const asked = this.#last.then(() => this.#figures(watched));
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  async close(): Promise<void> {
    await this.#last;
    await Promise.all([this.#producer.close(), this.#replies.close()]);
  }

  async #figures(watched: readonly string[]): Promise<BrokerFigures> {
    const listed = await this.#ask("broker", { _AMQ_OperationName: "listQueues" }, ["", 1, MAXIMUM_QUEUES]);
    const { data } = QUEUES.parse(JSON.parse(String(listed)));
    const queues: QueueFigures[] = [];
    for (const { name, messageCount, consumerCount } of data) {
      if (!watched.includes(name.replace(/:global$/, ""))) continue;
      const age = messageCount === 0 ? null : await this.#ask(`queue.${name}`, { _AMQ_Attribute: "firstMessageAge" });
      queues.push({
        queue: name,
        messages: messageCount,
        consumers: consumerCount,
        oldestAgeMs: typeof age === "number" ? age : undefined,
      });
    }
    const disk = await this.#ask("broker", { _AMQ_Attribute: "diskStoreUsage" });
    return { queues, diskUsed: typeof disk === "number" ? disk : undefined };
  }

  async #ask(
    resource: string,
    what: Readonly<Record<string, string>>,
    args: readonly unknown[] = [],
  ): Promise<unknown> {
    const correlationId = `${this.#asker} ${randomUUID()}`;
    await this.#producer.send({
      text: JSON.stringify(args),
      correlationId,
      replyTo: queue(MANAGEMENT_REPLIES),
      properties: { _AMQ_ResourceName: resource, ...what },
    });
    for (let passed = 0; passed < MAXIMUM_PASSED_OVER; passed++) {
      const reply = await this.#replies.receive({ timeoutMs: ANSWER_TIMEOUT_MS });
      if (reply === undefined) throw new Error("Artemis does not answer management messages.");
      reply.accept();
      if (reply.correlationId !== correlationId) continue;
      const [value] = (JSON.parse(reply.text || "[]") ?? []) as unknown[];
      if (reply.properties._AMQ_OperationSucceeded === true) return value;
      throw new Error(`Artemis refuses to describe ${resource}: ${String(value)}`);
    }
    throw new Error("Artemis answers other questions than those that were asked.");
  }
}
