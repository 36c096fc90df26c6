/** Events: what webhooks say, kept for 30 days, for whoever missed one. */
import type { Event, ListEventsQuery, ListEventsResponse } from "./gen/resources.js";
import type { CallOptions, HttpCalls } from "./http-calls.js";
import { itemsOf } from "./pages.js";

/** Which events to list [all, the newest first]. `pageSize` is how many are asked for at once. */
export type EventFilter = Omit<ListEventsQuery, "pageToken">;

/** What ends of payments and refunds tell: {@link QuittanceClient.events}. */
export class Events {
  readonly #calls: HttpCalls;

  constructor(calls: HttpCalls) {
    this.#calls = calls;
  }

  /** Reads an event. The token needs the scope `webhooks:read`. @throws QuittanceError `EVENT_NOT_FOUND`. */
  async get(id: string, options: CallOptions = {}): Promise<Event> {
    const call = { verb: "GET", path: `/v1/events/${encodeURIComponent(id)}`, answer: "GetEventResponse" } as const;
    return (await this.#calls.call<{ event: Event }>(call, options)).event;
  }

  /** Lists events, page after page. */
  list(filter: EventFilter = {}, options: CallOptions = {}): AsyncGenerator<Event, void> {
    return itemsOf(async (pageToken) => {
      const query = { form: "ListEventsQuery", value: { ...filter, ...(pageToken !== "" && { pageToken }) } };
      const call = { verb: "GET", path: "/v1/events", query, answer: "ListEventsResponse" } as const;
      const { events, nextPageToken } = await this.#calls.call<ListEventsResponse>(call, options);
      return { items: events, nextPageToken };
    });
  }
}
