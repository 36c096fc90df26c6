/** Services and queues as a map, on which what moves is seen. The tables below it say the same in words. */
import type { Overview, QueueOverview, ServiceOverview } from "../../api/overview.js";
import { formatNumber, formatSeconds, texts } from "../../i18n/i18n.js";

const NODE = { width: 152, height: 58 };
/** Where each service stands: the left upper corner. A service that is not here is in the table alone. */
const NODES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  gateway: [14, 44],
  "card-validation": [324, 44],
  "client-bank": [634, 44],
  "merchant-bank": [944, 44],
  notification: [634, 196],
};

/** How a queue goes from one service to the next; of a topic one subscription. */
interface Edge {
  readonly queue: string;
  readonly subscription?: string;
  readonly path: string;
  /** Where its name stands. */
  readonly label: readonly [x: number, y: number];
  readonly anchor: "middle" | "start";
}

const EDGES: readonly Edge[] = [
  { queue: "payment", path: "M166 73H316", label: [245, 52], anchor: "middle" },
  { queue: "validation-result", path: "M476 73H626", label: [555, 52], anchor: "middle" },
  { queue: "bank-result", path: "M786 62H936", label: [865, 30], anchor: "middle" },
  {
    queue: "transaction-result",
    subscription: "client-bank",
    path: "M944 88H796",
    label: [865, 112],
    anchor: "middle",
  },
  {
    queue: "transaction-result",
    subscription: "notification",
    path: "M710 102V188",
    label: [724, 146],
    anchor: "start",
  },
];
const REPLY = "M660 102C660 168 90 168 90 110";
/** Messages that wait longer than this are shown as late, in seconds. */
const LATE_SECONDS = 10;

export function Flow({ told }: { readonly told: Overview }) {
  const { overview: words } = texts.value;
  const services = told.services.map(({ name, instances }) => `${name} ${readyText(instances)}`).join(", ");
  const queues = told.queues.map(({ name, depth }) => `${name} ${words.waiting(known(depth))}`).join(", ");
  return (
    <svg class="flow" viewBox="0 0 1110 262" role="img" aria-label={words.flowSummary(services, queues)}>
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="6.5"
          refY="4"
          markerUnits="userSpaceOnUse"
          markerWidth="8"
          markerHeight="8"
          orient="auto"
        >
          <path class="arrow" d="M0 0 8 4 0 8z" />
        </marker>
      </defs>
      <path class="edge edge-reply" d={REPLY} marker-end="url(#arrow)" />
      <text class="edge-note" x="375" y="170" text-anchor="middle">
        {words.merchantSide}
      </text>
      {EDGES.map((edge) => (
        <EdgeShape key={edge.path} edge={edge} queue={told.queues.find(({ name }) => name === edge.queue)} />
      ))}
      {told.services.map((service) => (
        <NodeShape key={service.name} service={service} />
      ))}
    </svg>
  );
}

function EdgeShape({ edge, queue }: { readonly edge: Edge; readonly queue: QueueOverview | undefined }) {
  const { overview: words } = texts.value;
  if (queue === undefined) return null;
  const part = queue.subscriptions.find(({ name }) => name === edge.subscription) ?? queue;
  const rate = queue.enqueuedPerSecond;
  const age = part.oldestAgeSeconds;
  const isLate = age !== null && age > LATE_SECONDS;
  const tone = (queue.deadLetters ?? 0) > 0 ? "edge-bad" : isLate ? "edge-warn" : "";
  const [x, y] = edge.label;
  const facts = [
    rate === null ? undefined : words.perSecond(formatNumber(rate)),
    words.waiting(known(part.depth)),
    age === null || !isLate ? undefined : formatSeconds(age),
    (queue.deadLetters ?? 0) > 0 ? words.dead(known(queue.deadLetters)) : undefined,
  ].filter((fact) => fact !== undefined);
  return (
    <g class={tone}>
      <path class="edge" d={edge.path} marker-end="url(#arrow)" />
      {rate !== null && rate > 0 && <path class={`moving ${paceOf(rate)}`} d={edge.path} />}
      <text class="edge-name" x={x} y={y - 2} text-anchor={edge.anchor}>
        {edge.queue}
      </text>
      <text class="edge-facts" x={x} y={y + 13} text-anchor={edge.anchor}>
        {facts.join(" · ")}
      </text>
    </g>
  );
}

function NodeShape({ service: { name, instances } }: { readonly service: ServiceOverview }) {
  const place = NODES[name];
  if (place === undefined) return null;
  const [x, y] = place;
  const isReady = instances.length > 0 && instances.every(({ ready }) => ready);
  const open = instances.flatMap(({ breakers }) => breakers).filter(({ state }) => state !== "closed");
  const tone = !isReady ? "node-bad" : open.length > 0 ? "node-warn" : "node-good";
  return (
    <g class={tone}>
      <rect class="node" x={x} y={y} width={NODE.width} height={NODE.height} rx="9" />
      <text class="node-name" x={x + 14} y={y + 25}>
        {name}
      </text>
      <circle class="node-state" cx={x + 18} cy={y + 40} r="3.5" />
      <text class="node-facts" x={x + 28} y={y + 44}>
        {readyText(instances)}
      </text>
    </g>
  );
}

/** Faster dashes for more messages, in three steps. */
function paceOf(rate: number): string {
  return rate > 50 ? "moving-fast" : rate > 5 ? "moving-well" : "moving-slow";
}

function readyText(instances: ServiceOverview["instances"]): string {
  const { overview: words } = texts.value;
  return words.running(instances.filter(({ ready }) => ready).length, instances.length);
}

function known(value: number | null): string {
  return value === null ? "–" : formatNumber(value);
}
