/** Alerts about money: the books, payments that do not end, and messages that nobody believes. */
import { type Alert, series } from "./alert.js";

export const MONEY_ALERTS: readonly Alert[] = [
  {
    name: "QuittanceLedgerDrift",
    severity: "critical",
    expression: "quittance_books_drift != 0 or quittance_books_held_drift != 0 or quittance_books_wrong > 0",
    for: "0m",
    summary: "The books do not agree: run `quittance verify-money` before anything else.",
    fires: {
      given: [series('quittance_books_drift{quittance_currency="EUR"}', "0 0 -125x10")],
      at: "2m",
      labels: { quittance_currency: "EUR" },
    },
    silent: {
      given: [
        series('quittance_books_drift{quittance_currency="EUR"}', "0x20"),
        series("quittance_books_wrong", "0x20"),
      ],
      at: "5m",
    },
  },
  {
    name: "QuittanceBooksNotAudited",
    severity: "warning",
    expression: "quittance_books_audit_age_seconds > 900",
    for: "1m",
    summary: "A bank has not audited its books for {{ $value | humanizeDuration }}: drift would not be seen.",
    fires: { given: [series("quittance_books_audit_age_seconds", "0+30x100")], at: "20m" },
    silent: {
      given: [series("quittance_books_audit_age_seconds", "0 30 60 0 30 60 0 30 60 0 30 60 0 30 60 0 30")],
      at: "8m",
    },
  },
  {
    name: "QuittancePaymentStuck",
    severity: "critical",
    expression: "quittance_books_in_flight_age_seconds > 120",
    for: "1m",
    summary: "A payment was captured {{ $value | humanizeDuration }} ago and is not final: its money is nobody's yet.",
    fires: { given: [series("quittance_books_in_flight_age_seconds", "0+30x20")], at: "8m" },
    silent: {
      given: [series("quittance_books_in_flight_age_seconds", "0 30 60 90 0 30 60 90 0 30 60 90 0 30 60 90")],
      at: "7m",
    },
  },
  {
    name: "QuittanceNothingBecomesFinal",
    severity: "critical",
    expression:
      'sum(rate(quittance_gateway_call_duration_seconds_count{quittance_operation="Pay",error_type=""}[2m])) > 0.1 and (sum(rate(quittance_payments_final_total[2m])) or vector(0)) == 0',
    for: "2m",
    summary: "Payments are accepted, and none has become final for two minutes.",
    fires: {
      given: [series('quittance_gateway_call_duration_seconds_count{quittance_operation="Pay"}', "0+30x20")],
      at: "6m",
    },
    silent: {
      given: [
        series('quittance_gateway_call_duration_seconds_count{quittance_operation="Pay"}', "0+30x20"),
        series('quittance_payments_final_total{quittance_state="SUCCEEDED"}', "0+25x20"),
      ],
      at: "6m",
    },
  },
  {
    name: "QuittanceMessagesNotBelieved",
    severity: "critical",
    expression:
      "increase(quittance_messages_refused_total[10m]) > 0 or (quittance_messages_refused_total unless quittance_messages_refused_total offset 10m) > 0",
    for: "0m",
    summary: "A message was unsigned or its signature did not fit: keys differ between services, or somebody forges.",
    fires: { given: [series("quittance_messages_refused_total", "_x10 1x10")], at: "7m" },
    silent: { given: [series("quittance_messages_refused_total", "3x100")], at: "45m" },
  },
  {
    name: "QuittanceMessagesHeld",
    severity: "warning",
    expression:
      'increase(quittance_step_events_total{quittance_event="held"}[10m]) > 0 or (quittance_step_events_total{quittance_event="held"} unless quittance_step_events_total{quittance_event="held"} offset 10m) > 0',
    for: "1m",
    summary: "Step {{ $labels.quittance_step }} holds a message that fails alone, for a reason that is not known.",
    fires: {
      given: [series('quittance_step_events_total{quittance_step="3",quittance_event="held"}', "0+1x20")],
      at: "5m",
      labels: { quittance_step: "3", quittance_event: "held" },
    },
    silent: {
      given: [series('quittance_step_events_total{quittance_step="3",quittance_event="retry"}', "0+1x20")],
      at: "5m",
    },
  },
  {
    name: "QuittanceTemplatesUnusable",
    severity: "warning",
    expression: "quittance_templates_unusable > 0",
    for: "5m",
    summary: "{{ $value }} active templates cannot tell every end: merchants get an earlier text, or none.",
    fires: { given: [series("quittance_templates_unusable", "1x20")], at: "8m" },
    silent: { given: [series("quittance_templates_unusable", "0x20")], at: "8m" },
  },
];
