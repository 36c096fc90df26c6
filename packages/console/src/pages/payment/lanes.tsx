/** A payment's steps as a line over the services' lanes. The list below it says the same in words. */
import type { StoryEvent } from "../../api/story.js";
import { formatNumber, texts } from "../../i18n/i18n.js";

const SERVICES = ["gateway", "card-validation", "client-bank", "merchant-bank", "notification"];
const LANE = 30;
const TOP = 14;
const LEFT = 132;
const WIDTH = 760;
/** Where the last step stands: its time is written to its right. */
const RIGHT = 700;
/** Steps that are nearer than this are drawn apart: their times are written below. */
const NEAREST = 54;

export function Lanes({ events, began }: { readonly events: readonly StoryEvent[]; readonly began: number }) {
  const { milliseconds } = texts.value.payment;
  const height = TOP + LANE * SERVICES.length + 18;
  const places = placesOf(events);
  const laneOf = (service: string) => TOP + LANE * Math.max(0, SERVICES.indexOf(service)) + LANE / 2;
  const points = events.map((event, place) => ({ x: places[place] ?? LEFT, y: laneOf(event.service), event }));
  const line = points
    .map(({ x, y }, place) => {
      const before = points[place - 1];
      if (before === undefined) return `M${x} ${y}`;
      const middle = (before.x + x) / 2;
      return `C${middle} ${before.y} ${middle} ${y} ${x} ${y}`;
    })
    .join("");
  return (
    <svg class="lanes" viewBox={`0 0 ${WIDTH} ${height}`} aria-hidden="true" focusable="false">
      {SERVICES.map((service) => (
        <g key={service}>
          <line class="lane" x1={LEFT} x2={WIDTH - 16} y1={laneOf(service)} y2={laneOf(service)} />
          <text class="lane-name" x={16} y={laneOf(service) + 4}>
            {service}
          </text>
        </g>
      ))}
      <path class="walk" d={line} />
      {points.map(({ x, y, event }) => (
        <g key={`${event.step} ${event.time} ${x}`}>
          <circle class={`stop ${event.decision.includes("declined") ? "stop-bad" : ""}`} cx={x} cy={y} r="5" />
          <text class="stop-time" x={x} y={height - 4}>
            {milliseconds(formatNumber(Date.parse(event.time) - began))}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** In the order of time, as far apart as there is room for: a refund comes days after its payment. */
function placesOf(events: readonly StoryEvent[]): number[] {
  const first = LEFT + 16;
  const step = events.length < 2 ? 0 : Math.max(NEAREST, (RIGHT - first) / (events.length - 1));
  const fits = first + step * (events.length - 1) <= RIGHT ? step : (RIGHT - first) / (events.length - 1);
  return events.map((_event, place) => first + fits * place);
}
