/** The figures of every queue and topic. */
import { type QueueOverview, rates } from "../../api/overview.js";
import { formatNumber, formatSeconds, texts } from "../../i18n/i18n.js";
import { LINKS } from "../../links.js";
import { Table } from "../../ui/table.js";
import { Spark } from "./spark.js";

const known = (value: number | null) => (value === null ? "–" : formatNumber(value));

export function Queues({ queues }: { readonly queues: readonly QueueOverview[] }) {
  const { overview: words } = texts.value;
  return (
    <Table
      caption={words.queues}
      rows={queues}
      keyOf={({ name }) => name}
      columns={[
        {
          heading: words.queue,
          isHeading: true,
          cell: ({ name, priority }) => (
            <>
              {name} <span class="muted nowrap">{words.priority(priority)}</span>
            </>
          ),
        },
        {
          heading: words.trend,
          cell: ({ name }) => <Spark values={rates.value[name] ?? []} />,
        },
        {
          heading: words.rate,
          isNumber: true,
          cell: ({ enqueuedPerSecond }) =>
            enqueuedPerSecond === null ? "–" : words.perSecond(formatNumber(enqueuedPerSecond)),
        },
        { heading: words.depth, isNumber: true, cell: ({ depth }) => known(depth) },
        {
          heading: words.oldest,
          isNumber: true,
          cell: ({ oldestAgeSeconds }) => (oldestAgeSeconds === null ? "–" : formatSeconds(oldestAgeSeconds)),
        },
        { heading: words.consumers, isNumber: true, cell: ({ consumers }) => known(consumers) },
        {
          heading: words.deadLetters,
          isNumber: true,
          cell: ({ name, deadLetters }) =>
            deadLetters === null || deadLetters === 0 ? (
              known(deadLetters)
            ) : (
              <a class="bad" href={`${LINKS.deadLetters()}?queue=${encodeURIComponent(name)}`}>
                {formatNumber(deadLetters)}
              </a>
            ),
        },
      ]}
    />
  );
}
