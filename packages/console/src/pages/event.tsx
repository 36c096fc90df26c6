/** One event: how it stands with each endpoint, every attempt to post it, and the button that posts it again. */
import { useRoute } from "preact-iso";
import { call } from "../api/call.js";
import { mayChange, merchantFor } from "../api/session.js";
import { shortName } from "../api/short-name.js";
import { useLoad } from "../api/use-load.js";
import type { DeliveryAttempt, Event, WebhookDelivery } from "../gen/api.js";
import { formatNumber, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { Badge, StateBadge } from "../ui/badge.js";
import { Change } from "../ui/change.js";
import { Icon } from "../ui/icons.js";
import { Empty, Shown } from "../ui/notes.js";
import { Facts, Page, Panel } from "../ui/page.js";
import { Table } from "../ui/table.js";
import { Id, Time } from "../ui/values.js";
import { MerchantTokenForm } from "./merchant-token.js";
import { EventSubject } from "./webhooks.js";

const SCOPE = "webhooks:read";
const ATTEMPTS = 100;

interface KnownEvent {
  readonly event: Event;
  readonly deliveries: readonly WebhookDelivery[];
  readonly attempts: readonly DeliveryAttempt[];
}

async function readEvent(id: string, signal: AbortSignal): Promise<KnownEvent> {
  const [{ event, deliveries }, { attempts }] = await Promise.all([
    call("GetEvent", { path: { id }, signal }),
    call("ListDeliveryAttempts", { path: { event: id }, query: { pageSize: ATTEMPTS }, signal }),
  ]);
  return { event: event as Event, deliveries, attempts };
}

export function EventPage() {
  const { id = "" } = useRoute().params;
  const { webhooks: words } = texts.value;
  const merchant = merchantFor(SCOPE);
  const back = { href: LINKS.webhooks(), name: words.title };
  if (merchant !== undefined) return <KnownEventPage id={id} back={back} />;
  return (
    <Page title={words.event(id)} heading={words.heading} back={back}>
      <MerchantTokenForm scope={SCOPE} />
    </Page>
  );
}

function KnownEventPage({ id, back }: { readonly id: string; readonly back: { href: string; name: string } }) {
  const { webhooks: words, common } = texts.value;
  const loaded = useLoad(id, (signal) => readEvent(id, signal));
  return (
    <Page
      title={words.event(id)}
      heading={<code class="heading-code">{loaded.value?.event.type ?? words.heading}</code>}
      back={back}
      actions={
        <>
          {mayChange("webhooks:write") && (
            <Change
              label={words.resend}
              title={words.resend}
              text={id}
              onConfirm={async () => {
                await call("ResendEvent", { path: { id }, body: {} });
                loaded.reload();
                return words.resent;
              }}
            />
          )}
          <button type="button" onClick={loaded.reload}>
            <Icon name="refresh" />
            {common.refresh}
          </button>
        </>
      }
    >
      <Shown loaded={loaded}>
        {({ event, deliveries, attempts }) => (
          <div class="split">
            <div>
              <Deliveries deliveries={deliveries} />
              <Attempts attempts={attempts} />
            </div>
            <div>
              <Panel title={common.details}>
                <Facts
                  facts={[
                    [common.id, <Id key="id" value={event.id} />],
                    [words.about, <EventSubject key="about" event={event} />],
                    [common.time, <Time key="time" value={event.createTime} />],
                  ]}
                />
              </Panel>
            </div>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Deliveries({ deliveries }: { readonly deliveries: readonly WebhookDelivery[] }) {
  const { webhooks: words, common } = texts.value;
  return (
    <Panel title={words.deliveries}>
      {deliveries.length === 0 ? (
        <Empty>{words.noDeliveries}</Empty>
      ) : (
        <Table
          caption={words.deliveriesCaption}
          rows={deliveries}
          keyOf={({ webhookEndpoint }) => webhookEndpoint}
          columns={[
            {
              heading: words.endpoint,
              isHeading: true,
              cell: ({ webhookEndpoint }) => <Id value={webhookEndpoint} short />,
            },
            {
              heading: common.state,
              cell: ({ state }) => (
                <StateBadge state={shortName(state, "WEBHOOK_DELIVERY_STATE_")} names={words.states} />
              ),
            },
            { heading: words.attempts, isNumber: true, cell: ({ attemptCount }) => formatNumber(attemptCount) },
            { heading: words.nextAttempt, cell: ({ nextAttemptTime }) => <Time value={nextAttemptTime} /> },
            { heading: words.delivered, cell: ({ deliverTime }) => <Time value={deliverTime} /> },
          ]}
        />
      )}
    </Panel>
  );
}

function Attempts({ attempts }: { readonly attempts: readonly DeliveryAttempt[] }) {
  const { webhooks: words, payment, common } = texts.value;
  return (
    <Panel title={words.attempts}>
      {attempts.length === 0 ? (
        <Empty>{words.noAttempts}</Empty>
      ) : (
        <Table
          caption={words.attemptsCaption}
          rows={attempts}
          keyOf={({ webhookEndpoint, number }) => `${webhookEndpoint} ${number}`}
          columns={[
            { heading: words.number, isHeading: true, cell: ({ number }) => formatNumber(number) },
            { heading: common.time, cell: ({ attemptTime }) => <Time value={attemptTime} /> },
            { heading: words.status, isNumber: true, cell: ({ statusCode }) => (statusCode === 0 ? "–" : statusCode) },
            {
              heading: words.latency,
              isNumber: true,
              cell: ({ latencyMs }) => payment.milliseconds(formatNumber(latencyMs)),
            },
            {
              heading: words.outcome,
              cell: ({ error }) =>
                error === "" ? (
                  <Badge tone="good">{words.taken}</Badge>
                ) : (
                  <span class="bad" lang="en">
                    {error}
                  </span>
                ),
            },
            { heading: words.endpoint, cell: ({ webhookEndpoint }) => <Id value={webhookEndpoint} short /> },
          ]}
        />
      )}
    </Panel>
  );
}
