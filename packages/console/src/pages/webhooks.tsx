/** Webhooks of a merchant: endpoints, and the events that are posted to them. */
import { useLocation } from "preact-iso";
import { call } from "../api/call.js";
import { merchantFor } from "../api/session.js";
import { useLoad } from "../api/use-load.js";
import type { Event, WebhookEndpoint } from "../gen/api.js";
import { formatTime, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { Badge } from "../ui/badge.js";
import { TextField } from "../ui/fields.js";
import { Filters } from "../ui/filters.js";
import { Empty, Shown } from "../ui/notes.js";
import { Page, Panel } from "../ui/page.js";
import { Pager, usePages } from "../ui/pages.js";
import { Table } from "../ui/table.js";
import { Id, ShortId, shortened, Time } from "../ui/values.js";
import { ForgetMerchant, MerchantTokenForm } from "./merchant-token.js";

const SCOPE = "webhooks:read";
const ENDPOINTS = 50;
const PAGE_SIZE = 25;

export function WebhooksPage() {
  const { webhooks: words } = texts.value;
  const merchant = merchantFor(SCOPE);
  if (merchant === undefined) {
    return (
      <Page title={words.title}>
        <MerchantTokenForm scope={SCOPE} />
      </Page>
    );
  }
  return (
    <Page title={words.title} heading={words.of(merchant)} actions={<ForgetMerchant merchant={merchant} />}>
      <Endpoints merchant={merchant} />
      <Events merchant={merchant} />
    </Page>
  );
}

function Endpoints({ merchant }: { readonly merchant: string }) {
  const { webhooks: words, common } = texts.value;
  const loaded = useLoad(merchant, (signal) =>
    call("ListWebhookEndpoints", { query: { pageSize: ENDPOINTS }, signal }),
  );
  return (
    <Panel title={words.endpoints}>
      <Shown loaded={loaded}>
        {({ webhookEndpoints }) =>
          webhookEndpoints.length === 0 ? (
            <Empty>{words.noEndpoints}</Empty>
          ) : (
            <Table
              caption={words.endpointsCaption}
              rows={webhookEndpoints}
              keyOf={({ id }) => id}
              columns={[
                {
                  heading: words.url,
                  isHeading: true,
                  cell: ({ url, description }) => (
                    <span class="two-lines">
                      <code>{url}</code>
                      {description !== "" && <span class="muted">{description}</span>}
                    </span>
                  ),
                },
                { heading: common.state, cell: (endpoint) => <EndpointState endpoint={endpoint} /> },
                {
                  heading: words.types,
                  cell: ({ eventTypes }) => (eventTypes.includes("*") ? words.allTypes : eventTypes.join(", ")),
                },
                { heading: common.id, cell: ({ id }) => <Id value={id} short /> },
              ]}
            />
          )
        }
      </Shown>
    </Panel>
  );
}

function EndpointState({ endpoint: { state, failingSinceTime } }: { readonly endpoint: WebhookEndpoint }) {
  const { webhooks: words } = texts.value;
  const isEnabled = state === "WEBHOOK_ENDPOINT_STATE_ENABLED";
  return (
    <>
      <Badge tone={!isEnabled ? "quiet" : failingSinceTime === undefined ? "good" : "warn"}>
        {isEnabled ? words.enabled : words.disabled}
      </Badge>
      {failingSinceTime !== undefined && <p class="muted">{words.failingSince(formatTime(failingSinceTime))}</p>}
    </>
  );
}

function Events({ merchant }: { readonly merchant: string }) {
  const { webhooks: words, payments, common } = texts.value;
  const { query } = useLocation();
  const { type = "", payment = "" } = query;
  const paged = usePages(`${merchant} ${JSON.stringify(query)}`, (pageToken, signal) =>
    call("ListEvents", { query: { pageSize: PAGE_SIZE, pageToken, type, payment }, signal }),
  );
  return (
    <Panel title={words.events}>
      <div class="panel-body">
        <Filters label={words.events}>
          <TextField label={payments.find} name="payment" type="search" value={payment} />
          <TextField label={words.type} name="type" value={type} />
        </Filters>
      </div>
      <Shown loaded={paged}>
        {({ events }) =>
          events.length === 0 ? (
            <Empty>{words.noEvents}</Empty>
          ) : (
            <Table
              caption={words.eventsCaption}
              rows={events}
              keyOf={({ id }) => id}
              columns={[
                {
                  heading: common.id,
                  isHeading: true,
                  cell: ({ id }) => (
                    <a href={LINKS.event(id)}>
                      <ShortId id={id} />
                    </a>
                  ),
                },
                { heading: words.type, cell: ({ type: name }) => <code>{name}</code> },
                { heading: words.about, cell: (event) => <EventSubject event={event} /> },
                { heading: common.time, cell: ({ createTime }) => <Time value={createTime} /> },
              ]}
            />
          )
        }
      </Shown>
      <Pager paged={paged} />
    </Panel>
  );
}

/** What an event happened to. */
export function EventSubject({ event: { payment, refund, webhookEndpoint } }: { readonly event: Event }) {
  const id = payment?.id ?? refund?.payment;
  if (id === undefined) return <code>{shortened(webhookEndpoint?.id ?? "–")}</code>;
  return (
    <a href={LINKS.payment(id)}>
      <ShortId id={id} />
    </a>
  );
}
