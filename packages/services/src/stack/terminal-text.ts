/** What the terminal shows: the table of the demonstration, and how to make payments of one's own. */
import type { DemoPayment, DemoResult } from "./demo-payments.js";
import { describeExit } from "./node-process.js";
import type { GatewayPorts } from "./stack.js";
import type { SupervisorEvent } from "./supervisor.js";

/** Columns that are as wide as their widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

/** The payments with where each went; times are milliseconds. */
export function formatDemoResults(results: readonly DemoResult[]): string {
  const several = results.some(({ gateway }) => gateway > 1);
  const rows = results.map((result) => [
    result.kind,
    result.state,
    result.reason ?? "-",
    result.durationMs.toFixed(0),
    [
      `gateway${several ? ` ${result.gateway}` : ""}`,
      ...result.path.map(({ step, afterMs }) => `${step} +${afterMs}`),
    ].join(" > "),
  ]);
  return formatTable([["PAYMENT", "STATE", "REASON", "MS", "WHERE IT WENT (MS SINCE IT WAS ACCEPTED)"], ...rows]);
}

/** Commands to paste, with ports and token filled in. */
export function formatHowTo(options: {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly token: string;
  readonly example: DemoPayment;
  readonly runFile: string;
  readonly logs: string;
  /** Of a stack with TLS. */
  readonly caFile?: string | undefined;
}): string {
  const { caFile } = options;
  const { card, amount } = options.example;
  const money = `"minorUnits": "${amount.minorUnits}", "currencyCode": "${amount.currencyCode}"`;
  const json = (requestId: string) =>
    `{"requestId": "${requestId}", "card": {"number": "${card.number}", "expiryMonth": ${card.expiryMonth}, ` +
    `"expiryYear": ${card.expiryYear}, "holderName": "${card.holderName}"}, "amount": {${money}}}`;
  return `Make your own. The same call again is the same payment: choose a new requestId for a new one.

  TOKEN=${options.token}

  grpcurl ${caFile === undefined ? "-plaintext" : `-cacert ${caFile}`} -H "authorization: Bearer $TOKEN" \\
    -d '${json("mine-1")}' \\
    localhost:${options.grpcPort} quittance.payments.v1.PaymentService/Pay

  curl -s ${caFile === undefined ? "" : `--cacert ${caFile} https://`}localhost:${options.httpPort}/v1/payments -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \\
    -d '${json("mine-2")}'

Ports, token and process ids for scripts: ${options.runFile}. Logs: ${options.logs}.`;
}

/** Where each gateway listens: a line for each, which begins as the first does. */
export function formatDoors(gateways: readonly GatewayPorts[]): string {
  const doors = gateways.map(
    ({ grpcPort, httpPort }) => `gRPC on localhost:${grpcPort}, HTTP on localhost:${httpPort}`,
  );
  return doors.map((door, place) => (place === 0 ? door : `Gateway ${place + 1}: ${door}`)).join("\n");
}

/** A sentence on a process that died or came back. */
export function formatSupervisorEvent(event: SupervisorEvent, remark = ""): string {
  if (event.type === "died") {
    return `${event.name} died (${describeExit(event.exit)}); it is started again in ${event.delayMs} ms${remark}`;
  }
  if (event.type === "restarted") return `${event.name} is back after ${event.afterMs} ms (process ${event.pid})`;
  const why = event.error instanceof Error ? event.error.message : String(event.error);
  return `${event.name} does not start; next attempt in ${event.delayMs} ms: ${why}`;
}
