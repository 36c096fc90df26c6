/** What a receiver of webhooks was told about each payment, refund and payout, and what is wrong with it. */
import { type AskedPayment, type AskedRefund, type Violation, verdictOf } from "./request-book.js";

/** What was announced of one payment, refund or payout. */
export interface Announcement {
  /** `webhook-id` headers, each once. */
  readonly ids: Set<string>;
  /** Types of events, each once. */
  readonly types: Set<string>;
}

/** What one receiver took. */
export class Announcements {
  readonly #known = new Map<string, Announcement>();
  readonly #ids = new Set<string>();

  note(about: string, { id, type }: { readonly id: string; readonly type: string }): void {
    const known = this.#known.get(about) ?? { ids: new Set(), types: new Set() };
    known.ids.add(id);
    known.types.add(type);
    this.#known.set(about, known);
    this.#ids.add(id);
  }

  /** By the id of the payment or refund, or the request_id of the payout. */
  get(about: string): Announcement | undefined {
    return this.#known.get(about);
  }

  /** Every `webhook-id` that was taken. */
  get ids(): ReadonlySet<string> {
    return this.#ids;
  }
}

/** Each end was announced at least once, as what it is, always under one id, and under no other's. */
export function wrongWithAnnouncements(
  announced: Pick<Announcements, "get">,
  requests: readonly (AskedPayment | AskedRefund)[],
): Violation[] {
  const owners = new Map<string, string>();
  return requests.flatMap((asked) => {
    if (asked.id === undefined) return [];
    const { id } = asked;
    const paymentId = "paymentId" in asked.call ? asked.call.paymentId : id;
    const announcement = announced.get(id);
    if (announcement === undefined) return [{ what: `${asked.call.requestId} was never announced`, paymentId }];
    const wrong = wrongWithAnnouncement(id, announcement, typeOf(asked));
    for (const webhookId of announcement.ids) {
      const owner = owners.get(webhookId);
      if (owner !== undefined && owner !== id)
        wrong.push(`the webhook id ${webhookId} is that of ${owner} and of ${id}`);
      owners.set(webhookId, id);
    }
    return wrong.map((what) => ({ what, paymentId }));
  });
}

/** The same of one thing; `type` is what it must be announced as, where that is known. */
export function wrongWithAnnouncement(about: string, { ids, types }: Announcement, type: string | undefined): string[] {
  const wrong: string[] = [];
  if (ids.size !== 1) wrong.push(`${about} was announced under ${[...ids].join(" and ")}`);
  if (types.size !== 1) wrong.push(`${about} was announced as ${[...types].join(" and ")}`);
  if (type !== undefined && !types.has(type)) wrong.push(`${about} is ${type}, and was announced as ${[...types]}`);
  return wrong;
}

function typeOf({ final, call }: AskedPayment | AskedRefund): string | undefined {
  if (final === undefined) return undefined;
  const verdict = verdictOf(final);
  const outcome = verdict === "SUCCEEDED" ? "succeeded" : verdict === "CANCELED" ? "canceled" : "declined";
  return `${"paymentId" in call ? "refund" : "payment"}.${outcome}`;
}
