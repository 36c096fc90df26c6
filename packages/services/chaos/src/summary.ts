/** What a campaign did and found, as a table. */
import { ALL_CHANNELS } from "../../dist/shared/queue-map.js";
import type { RoundReport } from "./round.js";

export interface CampaignTotals {
  readonly rounds: readonly RoundReport[];
  readonly firstSeed: number;
  readonly broker: string;
}

/** The summary as Markdown, which reads well as text too. */
export function formatSummary({ rounds, firstSeed, broker }: CampaignTotals): string {
  const failed = rounds.filter(({ violations }) => violations.length > 0);
  const sum = (read: (round: RoundReport) => number) => rounds.reduce((total, round) => total + read(round), 0);
  const seconds = Math.round(sum(({ durationMs }) => durationMs) / 1_000);
  const failures = failed.length === 0 ? "" : `: seeds ${failed.map(({ seed }) => seed).join(", ")}`;
  return `${rounds.length} rounds of seed ${firstSeed} on ${broker} in ${seconds} s: ${sum(({ payments }) => payments)} payments, ${sum(({ refunds }) => refunds)} refunds, ${sum(({ payouts }) => payouts)} payouts, ${sum(({ damages }) => damages.length)} faults, ${failed.length} rounds failed${failures}.

Merchants' endpoints took ${sum(({ webhooks }) => webhooks)} webhooks; in storms they did not take ${sum(({ refusedWebhooks }) => refusedWebhooks)}, which came again.

${formatPauses(rounds)}${formatDamages(rounds)}
`;
}

/** How long payments stood still while one broker or database took over from another. */
function formatPauses(rounds: readonly RoundReport[]): string {
  const pauses = rounds
    .flatMap(({ damages }) => damages.flatMap(({ pauseMs }) => pauseMs ?? []))
    .sort((one, other) => one - other);
  if (pauses.length === 0) return "";
  const median = pauses[Math.floor(pauses.length / 2)];
  return `${pauses.length} fail-overs; payments went on after ${pauses[0]} ms at the least, ${median} in the middle, ${pauses.at(-1)} at the most.\n\n`;
}

/** How often what was done to whom. */
function formatDamages(rounds: readonly RoundReport[]): string {
  const damages = rounds
    .flatMap((round) => round.damages)
    .map(({ target, point }) => ({ target: kindOf(target), point }));
  const points = [...new Set(damages.map(({ point }) => point))].sort();
  const targets = [...new Set(damages.map(({ target }) => target))].sort();
  const rows = points.map((point) => [
    point,
    ...targets.map((target) =>
      String(damages.filter((one) => one.point === point && one.target === target).length || ""),
    ),
  ]);
  return formatTable([["", ...targets], ...rows]);
}

/** The column of a target: a process by its name, a connection by where it leads to, a channel's messages all together. */
function kindOf(target: string): string {
  const [, server] = target.split(" - ");
  if (server !== undefined) return `a connection to the ${server}`;
  return ALL_CHANNELS.some(({ address }) => address === target) ? "messages" : target;
}

/** A Markdown table whose columns are as wide as their widest cell; the first row is its head. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 3));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
