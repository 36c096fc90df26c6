/** A link on which the peer receives: its credit, its drain, and what it was sent. */

import { consumerRequest, echoSource, echoTarget, SELECTOR_DESCRIPTOR } from "./attach-request.js";
import type { BackendConnection, BackendConsumer, Condition, Delivery, Ending, Outlet } from "./backend.js";
import { describedString, type RheaAttach, type RheaFlow, type RheaLink } from "./rhea-server.js";
import type { OutgoingTransfers } from "./session-transfers.js";

export interface ConsumerLinkHost {
  readonly backend: BackendConnection;
  readonly transfers: OutgoingTransfers;
  /** Whether the socket takes more. */
  isWritable(): boolean;
}

export class ConsumerLink implements Outlet {
  readonly #link: RheaLink;
  readonly #host: ConsumerLinkHost;
  readonly #settled: boolean;
  readonly #consumer: BackendConsumer;
  #draining = false;
  #open = true;

  /** @throws Refusal */
  constructor(link: RheaLink, attach: RheaAttach, host: ConsumerLinkHost) {
    this.#link = link;
    this.#host = host;
    this.#settled = attach.snd_settle_mode === 1;
    this.#consumer = host.backend.attachConsumer(consumerRequest(attach), this);
    link.local.attach.snd_settle_mode = this.#settled ? 1 : 0;
    link.local.attach.rcv_settle_mode = attach.rcv_settle_mode === 1 ? 1 : 0;
    link.set_source(this.#sourceFor(attach));
    link.set_target(echoTarget(attach.target));
    link._get_drain = () => this.#draining;
    link.on_flow = ({ performative }) => this.#flowed(performative);
  }

  /** The source as the peer gets it: as it asked, with the address that was made or found for it. */
  #sourceFor({ source }: RheaAttach): object {
    const { recovered, dynamicAddress } = this.#consumer;
    if (recovered !== undefined) {
      const { address, selector } = recovered;
      return {
        address,
        durable: 2,
        expiry_policy: "never",
        distribution_mode: "copy",
        capabilities: ["topic"],
        ...(selector !== undefined && {
          filter: { "jms-selector": describedString(selector, SELECTOR_DESCRIPTOR) },
        }),
      };
    }
    return { ...echoSource(source), ...(dynamicAddress !== undefined && { address: dynamicAddress }) };
  }

  ready(): boolean {
    return this.#open && this.#link.credit > 0 && this.#host.transfers.ready && this.#host.isWritable();
  }

  deliver(delivery: Delivery, parts: readonly Buffer[]): void {
    const link = this.#link;
    link.credit--;
    link.delivery_count = (link.delivery_count + 1) >>> 0;
    this.#host.transfers.send(link, delivery, parts, this.#settled);
    if (this.#settled) delivery.settle({ kind: "accepted" });
  }

  end(condition: Condition): void {
    if (!this.#open) return;
    this.close("closed");
    this.#link.close(condition);
  }

  /** There may be room on the connection again. */
  wake(): void {
    if (!this.#open) return;
    this.#consumer.wake();
    if (this.#draining) this.#drain();
  }

  close(ending: Ending): void {
    if (!this.#open) return;
    this.#open = false;
    this.#host.transfers.forget(this.#link);
    this.#consumer.close(ending);
  }

  #flowed({ delivery_count: count, link_credit: credit, drain, echo }: RheaFlow): void {
    if (!this.#open) return;
    const link = this.#link;
    // The peer counts from what it has received; what is on its way uses the credit that it gave for it.
    link.credit = Math.max(0, ((count ?? 0) + (credit ?? 0) - link.delivery_count) | 0);
    this.#draining = drain === true;
    if (this.#draining) this.#drain();
    else this.#consumer.wake();
    if (echo === true && !this.#draining) link.session._write_flow(link);
  }

  /** Uses the credit up: what is there goes, and the rest is said to be gone (AMQP 1.0, 2.6.7). */
  #drain(): void {
    this.#consumer.flush();
    const link = this.#link;
    // Messages may still be there when the connection is full: the rest waits until there is room.
    if (link.credit > 0 && (!this.#host.transfers.ready || !this.#host.isWritable())) return;
    link.delivery_count = (link.delivery_count + link.credit) >>> 0;
    link.credit = 0;
    link.session._write_flow(link);
    this.#draining = false;
  }
}
