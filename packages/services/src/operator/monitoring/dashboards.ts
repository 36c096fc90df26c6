/** Grafana's dashboards, from the table of the system: the whole, one for each service, and money. */
import { SERVICES, type ServiceName, SYSTEM } from "../../topology/system-table.js";
import { type Panel, row, stat, timeseries } from "./dashboard-panels.js";
import { readsOf, sendsOf } from "./queues-of-service.js";

/** A dashboard as Grafana imports it. */
export interface Dashboard {
  /** Of its file, and Grafana's uid. */
  readonly name: string;
  readonly json: string;
}

const RATE = "[$__rate_interval]";
const CALLS = "quittance_gateway_call_duration_seconds";
/** What one service's processes tell: each names its service in `target_info`. */
const of = (service: ServiceName, expression: string) =>
  `(${expression} * on (instance) group_left () target_info{service_name="${service}"})`;
const quantile = (share: number, metric: string, by = "", matchers = "") =>
  `histogram_quantile(${share}, sum by (le${by === "" ? "" : `, ${by}`}) (rate(${metric}_bucket${matchers}${RATE})))`;

function wholePanels(): Panel[] {
  return [
    row("The flow: gateway → card-validation → client-bank → merchant-bank → client-bank → notification"),
    ...SERVICES.map((service) =>
      stat(
        service,
        "/s",
        service === "gateway"
          ? `sum(rate(${CALLS}_count{quittance_operation="Pay"}${RATE}))`
          : `sum${of(service, `rate(messaging_client_consumed_messages_total${RATE})`)}`,
        service,
      ),
    ),
    timeseries("Messages a second by queue", "msg/s", [
      [
        `sum by (messaging_destination_name) (rate(messaging_client_consumed_messages_total${RATE}))`,
        "{{messaging_destination_name}}",
      ],
    ]),
    timeseries("Messages on queues", "short", [
      ["max by (quittance_queue) (quittance_broker_queue_messages)", "{{quittance_queue}}"],
    ]),
    timeseries("Age of queues", "s", [
      ["max by (quittance_queue) (quittance_broker_queue_oldest_age_seconds)", "{{quittance_queue}}"],
    ]),
    timeseries("Consumers of queues", "short", [
      ["max by (quittance_queue) (quittance_broker_queue_consumers)", "{{quittance_queue}}"],
    ]),
    row("What callers see"),
    timeseries("Calls a second", "reqps", [
      [`sum by (quittance_operation) (rate(${CALLS}_count${RATE}))`, "{{quittance_operation}}"],
    ]),
    timeseries("Duration of calls, 50 and 99 of 100", "s", [
      [quantile(0.5, CALLS, "quittance_operation"), "p50 {{quittance_operation}}"],
      [quantile(0.99, CALLS, "quittance_operation"), "p99 {{quittance_operation}}"],
    ]),
    timeseries("Time to final, 50 and 99 of 100", "s", [
      [quantile(0.5, "quittance_payments_duration_seconds"), "p50"],
      [quantile(0.99, "quittance_payments_duration_seconds"), "p99"],
    ]),
    row("What goes wrong"),
    timeseries("Refused calls a second, by reason", "reqps", [
      [`sum by (error_type) (rate(quittance_gateway_refusals_total${RATE}))`, "{{error_type}}"],
      [`sum by (error_type) (rate(quittance_gateway_logins_refused_total${RATE}))`, "login: {{error_type}}"],
    ]),
    timeseries("Retries, holds, dead letters and breaker changes", "short", [
      [
        "sum by (quittance_step, quittance_event) (quittance_step_events_total)",
        "{{quittance_step}} {{quittance_event}}",
      ],
    ]),
    timeseries("Dead letters", "short", [
      [
        'max by (quittance_queue) (quittance_broker_queue_messages{quittance_queue=~"dead-letter.*"})',
        "{{quittance_queue}}",
      ],
    ]),
    timeseries("Breakers that are not closed", "short", [
      [
        '1 - max by (quittance_circuit_breaker_name) (quittance_circuit_breaker_status{quittance_circuit_breaker_state="closed"})',
        "{{quittance_circuit_breaker_name}}",
      ],
    ]),
    timeseries("Processes", "short", [["count by (service_name) (target_info)", "{{service_name}}"]]),
  ];
}

function servicePanels(service: ServiceName): Panel[] {
  const mine = (expression: string) => of(service, expression);
  const { database, ports } = SYSTEM[service];
  const door = ports.grpc !== undefined || ports.http !== undefined;
  return [
    row(`${service}: ${SYSTEM[service].summary}`),
    ...(door
      ? [
          timeseries("Calls a second, by operation and error", "reqps", [
            [
              `sum by (quittance_operation, error_type) (rate(${CALLS}_count${RATE}))`,
              "{{quittance_operation}} {{error_type}}",
            ],
          ]),
          timeseries("Duration of calls, 50, 90 and 99 of 100", "s", [
            [quantile(0.5, CALLS), "p50"],
            [quantile(0.9, CALLS), "p90"],
            [quantile(0.99, CALLS), "p99"],
          ]),
          timeseries("Payments and refunds in flight", "short", [["sum(quittance_gateway_in_flight)", "in flight"]]),
        ]
      : []),
    ...(readsOf(service).length > 0
      ? [
          timeseries("Messages taken a second", "msg/s", [
            [
              `sum by (messaging_destination_name) ${mine(`rate(messaging_client_consumed_messages_total${RATE})`)}`,
              "{{messaging_destination_name}}",
            ],
          ]),
          timeseries("Waiting for it", "short", [
            [
              `max by (quittance_queue) (quittance_broker_queue_messages{quittance_queue=~"${readsOf(service).join("|")}"})`,
              "{{quittance_queue}}",
            ],
          ]),
        ]
      : []),
    ...(door
      ? []
      : [
          timeseries("Duration of a step, mean", "s", [
            [
              `sum by (messaging_destination_name) ${mine(`rate(messaging_process_duration_seconds_sum${RATE})`)} / sum by (messaging_destination_name) ${mine(`rate(messaging_process_duration_seconds_count${RATE})`)}`,
              "{{messaging_destination_name}}",
            ],
          ]),
        ]),
    ...(sendsOf(service).length > 0
      ? [
          timeseries("Messages sent a second", "msg/s", [
            [
              `sum by (messaging_destination_name, error_type) ${mine(`rate(messaging_client_sent_messages_total${RATE})`)}`,
              "{{messaging_destination_name}} {{error_type}}",
            ],
          ]),
        ]
      : []),
    ...(database
      ? [
          timeseries("Breakers", "short", [
            [
              `max by (quittance_circuit_breaker_name, quittance_circuit_breaker_state) ${mine("quittance_circuit_breaker_status")}`,
              "{{quittance_circuit_breaker_name}} {{quittance_circuit_breaker_state}}",
            ],
          ]),
        ]
      : []),
    row("Its processes"),
    timeseries("Processor", "percentunit", [
      [`sum by (instance) ${mine(`rate(process_cpu_time_seconds_total${RATE})`)}`, "{{instance}}"],
    ]),
    timeseries("Memory", "bytes", [[`max by (instance) ${mine("process_memory_usage_bytes")}`, "{{instance}}"]]),
    timeseries("Event loop", "percentunit", [
      [`max by (instance) ${mine("nodejs_eventloop_utilization_ratio")}`, "{{instance}}"],
    ]),
  ];
}

function moneyPanels(): Panel[] {
  return [
    row("The books: every line here is zero, or somebody is called"),
    timeseries("Drift, in minor units", "short", [
      ["sum by (quittance_currency) (quittance_books_drift)", "{{quittance_currency}}"],
    ]),
    timeseries("Audited and wrong", "short", [["sum(quittance_books_wrong)", "wrong"]]),
    timeseries("Age of the last audit", "s", [
      ["max by (instance) (quittance_books_audit_age_seconds)", "{{instance}}"],
    ]),
    row("Payments and refunds"),
    timeseries("Payments that became final, a second", "short", [
      [`sum by (quittance_state) (rate(quittance_payments_final_total${RATE}))`, "{{quittance_state}}"],
    ]),
    timeseries("Declined, by reason", "short", [
      [
        `sum by (quittance_decline_reason) (rate(quittance_payments_final_total{quittance_decline_reason!=""}${RATE}))`,
        "{{quittance_decline_reason}}",
      ],
    ]),
    timeseries("Refunds that became final, a second", "short", [
      [`sum by (quittance_state) (rate(quittance_refunds_final_total${RATE}))`, "{{quittance_state}}"],
    ]),
    timeseries("Captured and not final", "short", [["max(quittance_books_in_flight)", "payments"]]),
    timeseries("Age of the oldest of them", "s", [["max(quittance_books_in_flight_age_seconds)", "age"]]),
    row("Service levels: share of bad events, and the budget"),
    timeseries("Share of bad events, an hour", "percentunit", [
      ["quittance:availability_errors:ratio_rate1h", "availability (0.1 %)"],
      ["quittance:latency_errors:ratio_rate1h", "latency (1 %)"],
      ["quittance:finality_errors:ratio_rate1h", "time to final (0.5 %)"],
    ]),
  ];
}

/** Every dashboard. */
export function dashboards(): Dashboard[] {
  return [
    dashboard("quittance", "Quittance: the whole", wholePanels()),
    dashboard("quittance-money", "Quittance: money", moneyPanels()),
    ...SERVICES.map((service) => dashboard(`quittance-${service}`, `Quittance: ${service}`, servicePanels(service))),
  ];
}

function dashboard(name: string, title: string, panels: readonly Panel[]): Dashboard {
  const content = {
    uid: name,
    title,
    tags: ["quittance"],
    schemaVersion: 39,
    editable: false,
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {} }],
    },
    links: [{ title: "Quittance", type: "dashboards", tags: ["quittance"], asDropdown: true }],
    panels: placed(panels),
  };
  return { name, json: `${JSON.stringify(content, null, 2)}\n` };
}

/** Lays panels out from left to right, 24 columns wide. */
function placed(panels: readonly Panel[]): object[] {
  let x = 0;
  let y = 0;
  let height = 0;
  return panels.map((panel, place) => {
    const { w, h, ...rest } = panel;
    if (x + w > 24) [x, y, height] = [0, y + height, 0];
    const at = { x, y, w, h };
    x += w;
    height = Math.max(height, h);
    return { id: place + 1, ...rest, gridPos: at };
  });
}
