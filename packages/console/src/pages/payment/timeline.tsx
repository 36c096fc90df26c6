/** How a payment went: its steps over the services, and what it still waits for. */
import type { Story, StoryEvent } from "../../api/story.js";
import { formatMoney, formatNumber, texts } from "../../i18n/i18n.js";
import { Panel } from "../../ui/page.js";
import { Time } from "../../ui/values.js";
import { Lanes } from "./lanes.js";

export function Timeline({ story }: { readonly story: Story }) {
  const words = texts.value.payment;
  // The records of two services are not in the order of time: a notification is sent after the end.
  const events = [...story.timeline].sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
  const began = Date.parse(events[0]?.time ?? story.time);
  return (
    <Panel title={words.timeline}>
      {events.length > 0 && <Lanes events={events} began={began} />}
      <ol class="timeline" aria-label={words.timelineCaption}>
        {events.map((event, place) => (
          <li key={`${event.step} ${event.time} ${String(place)}`} data-service={event.service}>
            <Step event={event} began={began} />
          </li>
        ))}
        {story.hanging.map((one) => (
          <li key={`waits ${one.step}`} class="hangs" data-service={one.service}>
            <div class="step-head">
              <strong>{words.waitsFor(one.step, one.service)}</strong>
              {one.since !== null && <Time value={one.since} />}
            </div>
            <p class="decision" lang="en">
              {one.why}
            </p>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Step({ event, began }: { readonly event: StoryEvent; readonly began: number }) {
  const words = texts.value.payment;
  return (
    <>
      <div class="step-head">
        <strong>{words.steps[event.step] ?? `${words.step} ${event.step}`}</strong>
        <span class="service">{event.service}</span>
        <span class="after number">+{words.milliseconds(formatNumber(Date.parse(event.time) - began))}</span>
      </div>
      <p class="decision" lang="en">
        {event.decision}
      </p>
      {event.entries.length > 0 && (
        <ul class="moves">
          {event.entries.map(({ direction, account, currency, amount }) => (
            <li key={`${direction} ${account}`}>
              <span class="muted">{direction === "debit" ? words.debit : words.credit}</span>
              <code>{account}</code>
              <span class="number">{formatMoney(currency, amount.replace("-", ""))}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
