/** The processes of every service, and their breakers. */
import type { ServiceOverview } from "../../api/overview.js";
import { texts } from "../../i18n/i18n.js";
import { Badge, type Tone } from "../../ui/badge.js";
import { Table } from "../../ui/table.js";
import { Time } from "../../ui/values.js";

type Instance = ServiceOverview["instances"][number];
const INSTANCE_TONES: Readonly<Record<string, Tone>> = {
  ready: "good",
  degraded: "warn",
  "not-ready": "bad",
  away: "bad",
};
const BREAKER_TONES: Readonly<Record<string, Tone>> = { closed: "good", open: "bad", "half-open": "warn" };

export function Services({ services }: { readonly services: readonly ServiceOverview[] }) {
  const { overview: words } = texts.value;
  const rows = services.flatMap(({ name, instances }): { name: string; instance: Instance | undefined }[] =>
    instances.length === 0 ? [{ name, instance: undefined }] : instances.map((instance) => ({ name, instance })),
  );
  return (
    <Table
      caption={words.services}
      rows={rows}
      keyOf={({ name, instance }) => `${name} ${instance?.instance}`}
      columns={[
        { heading: words.service, isHeading: true, cell: ({ name }) => name },
        { heading: words.instance, cell: ({ instance }) => (instance ? <code>{instance.instance}</code> : "–") },
        {
          heading: words.readiness,
          cell: ({ instance }) =>
            instance && (
              <>
                <Badge tone={INSTANCE_TONES[instance.state] ?? "quiet"}>
                  {words.instanceStates[instance.state] ?? instance.state}
                </Badge>
                {instance.reasons.map((reason) => (
                  <p key={reason} class="muted" lang="en">
                    {reason}
                  </p>
                ))}
              </>
            ),
        },
        { heading: words.started, cell: ({ instance }) => <Time value={instance?.startTime} /> },
        {
          heading: words.breakers,
          cell: ({ instance }) => (
            <span class="badges">
              {instance?.breakers.map(({ name, state }) => (
                <Badge key={name} tone={BREAKER_TONES[state] ?? "quiet"}>
                  {state === "closed" ? name : `${name}: ${words.breakerStates[state] ?? state}`}
                </Badge>
              ))}
            </span>
          ),
        },
      ]}
    />
  );
}
