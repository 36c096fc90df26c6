/** Alerts about queues: what waits, what nobody reads, what nobody could handle. */
import { type Alert, series } from "./alert.js";

const WORK = '{quittance_queue!~"dead-letter.*"}';
const LETTERS = '{quittance_queue=~"dead-letter.*"}';
const PAYMENT = '{quittance_queue="payment",messaging_destination_name="payment"}';
const PAYMENT_LABELS = { quittance_queue: "payment", messaging_destination_name: "payment" };
const LETTER = '{quittance_queue="dead-letter.payment",messaging_destination_name="dead-letter.payment"}';
const LETTER_LABELS = {
  quittance_queue: "dead-letter.payment",
  messaging_destination_name: "dead-letter.payment",
};

export const QUEUE_ALERTS: readonly Alert[] = [
  {
    name: "QuittanceDeadLetters",
    severity: "warning",
    expression: `quittance_broker_queue_messages${LETTERS} > 0`,
    for: "1m",
    summary: "{{ $value }} messages that no step can handle are on {{ $labels.quittance_queue }}.",
    fires: { given: [series(`quittance_broker_queue_messages${LETTER}`, "0 0 1x10")], at: "3m", labels: LETTER_LABELS },
    silent: { given: [series(`quittance_broker_queue_messages${PAYMENT}`, "5x20")], at: "5m" },
  },
  {
    name: "QuittanceQueueDeep",
    severity: "warning",
    expression: `quittance_broker_queue_messages${WORK} > 10000`,
    for: "5m",
    summary: "{{ $value }} messages wait on {{ $labels.quittance_queue }}: what reads it is too slow, or away.",
    fires: {
      given: [series(`quittance_broker_queue_messages${PAYMENT}`, "20000x20")],
      at: "8m",
      labels: PAYMENT_LABELS,
    },
    silent: { given: [series(`quittance_broker_queue_messages${PAYMENT}`, "20000 20000 500x20")], at: "8m" },
  },
  {
    name: "QuittanceQueueOld",
    severity: "critical",
    expression: `quittance_broker_queue_oldest_age_seconds${WORK} > 60`,
    for: "1m",
    summary: "A message has waited for {{ $value | humanizeDuration }} on {{ $labels.quittance_queue }}.",
    fires: {
      given: [series(`quittance_broker_queue_oldest_age_seconds${PAYMENT}`, "0+30x20")],
      at: "5m",
      labels: PAYMENT_LABELS,
    },
    silent: { given: [series(`quittance_broker_queue_oldest_age_seconds${LETTER}`, "0+30x100")], at: "5m" },
  },
  {
    name: "QuittanceConsumerMissing",
    severity: "critical",
    expression: `quittance_broker_queue_consumers${WORK} == 0`,
    for: "1m",
    summary: "Nobody reads {{ $labels.quittance_queue }}.",
    fires: {
      given: [series(`quittance_broker_queue_consumers${PAYMENT}`, "1 0x10")],
      at: "3m",
      labels: PAYMENT_LABELS,
    },
    silent: { given: [series(`quittance_broker_queue_consumers${PAYMENT}`, "1 0 1x10")], at: "3m" },
  },
  {
    name: "QuittanceQueuesUnwatched",
    severity: "warning",
    expression: "absent(quittance_broker_queue_messages)",
    for: "5m",
    summary: "The monitor is not there, or the broker does not answer it: nobody watches the queues.",
    fires: { given: [series("up", "1x20")], at: "6m" },
    silent: { given: [series(`quittance_broker_queue_messages${PAYMENT}`, "0x20")], at: "6m" },
  },
];
