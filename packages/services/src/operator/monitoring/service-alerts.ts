/** Alerts about services and what they stand on: processes, breakers, callers, certificates, keys, backups, disks. */
import { SERVICES } from "../../topology/system-table.js";
import { type Alert, series } from "./alert.js";

const DAY_SECONDS = 86_400;
/** promtool's time begins at 0, so that these are seconds from then on. */
const inDays = (days: number) => `${days * DAY_SECONDS}x100`;

/** Whoever is not scraped says nothing, and nothing is what must be noticed. */
const MISSING: Alert = {
  name: "QuittanceServiceMissing",
  severity: "critical",
  expression: SERVICES.map((service) => `absent(target_info{service_name="${service}"})`).join(" or "),
  for: "1m",
  summary: "No process of {{ $labels.service_name }} answers /metrics.",
  fires: {
    given: SERVICES.slice(1).map((service) => series(`target_info{service_name="${service}"}`, "1x20")),
    at: "3m",
    labels: { service_name: SERVICES[0] ?? "" },
  },
  silent: {
    given: SERVICES.map((service) => series(`target_info{service_name="${service}"}`, "1x20")),
    at: "3m",
  },
};

const BREAKER =
  'quittance_circuit_breaker_status{quittance_circuit_breaker_name="capture",quittance_circuit_breaker_state="open"}';
const WEBHOOKS =
  'quittance_circuit_breaker_status{quittance_circuit_breaker_name="webhooks",quittance_circuit_breaker_state="open"}';
const EMAILS =
  'quittance_circuit_breaker_status{quittance_circuit_breaker_name="emails",quittance_circuit_breaker_state="open"}';
const SERVER = 'quittance_tls_certificate_expiry_seconds{quittance_tls_certificate="own"}';
const VOLUME = 'node="a",mountpoint="/var/lib/artemis"';

const STEPS: readonly Alert[] = [
  {
    name: "QuittanceServiceRestarts",
    severity: "warning",
    expression: "resets(process_uptime_seconds[15m]) > 3",
    for: "0m",
    summary: "A process was started again {{ $value }} times in a quarter of an hour.",
    fires: { given: [series("process_uptime_seconds", "0 30 0 30 0 30 0 30 0 30 0 30")], at: "6m" },
    silent: { given: [series("process_uptime_seconds", "0 30 60 0 30 60 90 120 150 180 210 240")], at: "6m" },
  },
  {
    name: "QuittanceBreakerOpen",
    severity: "critical",
    expression:
      'max_over_time(quittance_circuit_breaker_status{quittance_circuit_breaker_state="open",quittance_circuit_breaker_name!~"webhooks|emails"}[1m]) == 1',
    for: "2m",
    summary: "{{ $labels.quittance_circuit_breaker_name }} takes no messages: what it needs fails.",
    fires: {
      given: [series(BREAKER, "0 1 0 1 1 0 1 1 1 1 1")],
      at: "3m",
      labels: { quittance_circuit_breaker_name: "capture", quittance_circuit_breaker_state: "open" },
    },
    silent: { given: [series(BREAKER, "0 1 0x10"), series(WEBHOOKS, "1x20"), series(EMAILS, "1x20")], at: "3m" },
  },
  {
    name: "QuittanceWebhooksWait",
    severity: "warning",
    expression:
      'max_over_time(quittance_circuit_breaker_status{quittance_circuit_breaker_state="open",quittance_circuit_breaker_name="webhooks"}[1m]) == 1',
    for: "10m",
    summary: "Webhooks wait: their receiver has not answered for ten minutes.",
    fires: {
      given: [series(WEBHOOKS, "1x60")],
      at: "15m",
      labels: { quittance_circuit_breaker_name: "webhooks", quittance_circuit_breaker_state: "open" },
    },
    silent: { given: [series(WEBHOOKS, "1x10 0x50"), series(BREAKER, "1x60")], at: "15m" },
  },
  {
    name: "QuittanceEmailsWait",
    severity: "warning",
    expression:
      'max_over_time(quittance_circuit_breaker_status{quittance_circuit_breaker_state="open",quittance_circuit_breaker_name="emails"}[1m]) == 1',
    for: "10m",
    summary: "E-mails wait: the mail server has not taken any for ten minutes.",
    fires: {
      given: [series(EMAILS, "1x60")],
      at: "15m",
      labels: { quittance_circuit_breaker_name: "emails", quittance_circuit_breaker_state: "open" },
    },
    silent: { given: [series(EMAILS, "1x10 0x50"), series(WEBHOOKS, "1x60")], at: "15m" },
  },
  {
    name: "QuittanceEventLoopBusy",
    severity: "warning",
    expression: "nodejs_eventloop_utilization_ratio > 0.9",
    for: "10m",
    summary: "A process has been {{ $value | humanizePercentage }} busy for ten minutes: add another beside it.",
    fires: { given: [series("nodejs_eventloop_utilization_ratio", "0.97x60")], at: "15m" },
    silent: { given: [series("nodejs_eventloop_utilization_ratio", "0.97x10 0.5x50")], at: "15m" },
  },
];

const CALLERS: readonly Alert[] = [
  {
    name: "QuittanceLoginsRefused",
    severity: "warning",
    expression: "sum(rate(quittance_gateway_logins_refused_total[5m])) > 1",
    for: "5m",
    summary: "{{ $value | humanize }} calls a second are refused for their token: a wrong key set, or somebody tries.",
    fires: { given: [series('quittance_gateway_logins_refused_total{error_type="EXPIRED"}', "0+90x40")], at: "15m" },
    silent: { given: [series('quittance_gateway_logins_refused_total{error_type="EXPIRED"}', "0+3x40")], at: "15m" },
  },
  {
    name: "QuittanceOverloaded",
    severity: "warning",
    expression: 'sum(rate(quittance_gateway_refusals_total{error_type="OVERLOADED"}[5m])) > 1',
    for: "5m",
    summary: "{{ $value | humanize }} calls a second find no room in the gateways.",
    fires: { given: [series('quittance_gateway_refusals_total{error_type="OVERLOADED"}', "0+90x40")], at: "15m" },
    silent: {
      given: [series('quittance_gateway_refusals_total{error_type="TOO_MANY_IN_FLIGHT"}', "0+90x40")],
      at: "15m",
    },
  },
];

const UPKEEP: readonly Alert[] = [
  {
    name: "QuittanceCertificateExpires",
    severity: "critical",
    expression: `quittance_tls_certificate_expiry_seconds - time() < ${3 * DAY_SECONDS}`,
    for: "10m",
    summary: "A certificate ends in {{ $value | humanizeDuration }}: then nothing connects any more.",
    fires: { given: [series(SERVER, inDays(2))], at: "20m", labels: { quittance_tls_certificate: "own" } },
    silent: { given: [series(SERVER, inDays(20))], at: "20m" },
  },
  {
    name: "QuittanceCertificateExpiresSoon",
    severity: "warning",
    expression: `quittance_tls_certificate_expiry_seconds - time() < ${14 * DAY_SECONDS}`,
    for: "1h",
    summary: "A certificate ends in {{ $value | humanizeDuration }}: whatever renews it does not.",
    fires: {
      given: [series(SERVER, `${10 * DAY_SECONDS}x300`)],
      at: "2h",
      labels: { quittance_tls_certificate: "own" },
    },
    silent: { given: [series(SERVER, `${20 * DAY_SECONDS}x300`)], at: "2h" },
  },
  {
    name: "QuittanceKeyOld",
    severity: "warning",
    expression: `quittance_key_age_seconds{quittance_key_use="first"} > ${90 * DAY_SECONDS}`,
    for: "1h",
    summary: "The key of {{ $labels.quittance_key_set }} that makes is {{ $value | humanizeDuration }} old: rotate it.",
    fires: {
      given: [
        series(
          'quittance_key_age_seconds{quittance_key_set="CARD_SEALING_KEYS",quittance_key_use="first"}',
          `${91 * DAY_SECONDS}x300`,
        ),
      ],
      at: "2h",
    },
    silent: {
      given: [
        series(
          'quittance_key_age_seconds{quittance_key_set="CARD_SEALING_KEYS",quittance_key_use="first"}',
          `${30 * DAY_SECONDS}x300`,
        ),
      ],
      at: "2h",
    },
  },
  {
    name: "QuittanceBackupOld",
    severity: "critical",
    expression: `time() - max(cnpg_collector_last_available_backup_timestamp or quittance_backup_completion_timestamp_seconds) > ${26 * 3_600}`,
    for: "10m",
    summary: "The last backup of the database is {{ $value | humanizeDuration }} old.",
    fires: { given: [series("quittance_backup_completion_timestamp_seconds", "-100000x100")], at: "20m" },
    silent: { given: [series("cnpg_collector_last_available_backup_timestamp", "-50000x100")], at: "20m" },
  },
  {
    name: "QuittanceDiskFull",
    severity: "critical",
    expression:
      '(quittance_broker_disk_usage_ratio > 0.85) or (1 - node_filesystem_avail_bytes{mountpoint=~"/var/lib/(artemis|postgresql).*"} / node_filesystem_size_bytes > 0.85) or (1 - kubelet_volume_stats_available_bytes{persistentvolumeclaim=~".*(broker|artemis|database|postgres).*"} / kubelet_volume_stats_capacity_bytes > 0.85)',
    for: "5m",
    summary: "A disk is {{ $value | humanizePercentage }} full: at 90 % Artemis lets nothing be sent.",
    fires: {
      given: [
        series(`node_filesystem_avail_bytes{${VOLUME}}`, "10x20"),
        series(`node_filesystem_size_bytes{${VOLUME}}`, "100x20"),
      ],
      at: "8m",
      labels: { node: "a", mountpoint: "/var/lib/artemis" },
    },
    silent: {
      given: [
        series("quittance_broker_disk_usage_ratio", "0.6x20"),
        series(`node_filesystem_avail_bytes{${VOLUME}}`, "40x20"),
        series(`node_filesystem_size_bytes{${VOLUME}}`, "100x20"),
      ],
      at: "8m",
    },
  },
];

export const SERVICE_ALERTS: readonly Alert[] = [MISSING, ...STEPS, ...CALLERS, ...UPKEEP];
