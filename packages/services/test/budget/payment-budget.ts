/**
 * What payments may cost each service: messages by address, AMQP frames by performative, SQL statements by name, round
 * trips, messages of PostgreSQL's protocol. The numbers are in payment-budget.json. A change that lowers one writes
 * the lower one there: `QUITTANCE_BUDGET=write` has the test do it.
 */
import { readFile, writeFile } from "node:fs/promises";
import type { ServiceName } from "../../dist/topology/system-table.js";

/** `one`: a payment that comes alone. `hundred`: payments, 98 or 99 of them waiting for each step together. */
export type BudgetCase = "one" | "hundred";
export type ServiceCounts = Readonly<Record<string, number>>;
export type Budget = Readonly<Record<BudgetCase, Readonly<Record<ServiceName, ServiceCounts>>>>;

/** From the folder of the compiled test to the source's. */
const FILE = new URL("../../test/budget/payment-budget.json", import.meta.url);
export const WRITES_BUDGET = process.env.QUITTANCE_BUDGET === "write";

export async function readBudget(): Promise<Budget> {
  return JSON.parse(await readFile(FILE, "utf8")) as Budget;
}

export async function writeBudget(budget: Budget): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(budget, null, 2)}\n`);
}

/** A sentence for each count that is above its budget; what the budget does not name may not occur. */
export function overspent(budget: ServiceCounts, counts: ServiceCounts): string[] {
  return Object.entries(counts).flatMap(([what, count]) => {
    const allowed = budget[what] ?? 0;
    return count > allowed ? [`${what}: ${count}, ${count - allowed} more than the budget's ${allowed}`] : [];
  });
}

/** The same for each that is below. */
export function underspent(budget: ServiceCounts, counts: ServiceCounts): string[] {
  return Object.entries(budget).flatMap(([what, allowed]) => {
    const count = counts[what] ?? 0;
    return count < allowed ? [`${what}: ${count} of ${allowed}`] : [];
  });
}
