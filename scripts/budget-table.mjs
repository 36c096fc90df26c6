/** The table of what payments cost in docs/performance.md, from the budget that `npm test` holds. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./paths.mjs";

const BUDGET = "packages/services/test/budget/payment-budget.json";

/** What stood there before the work on speed began, by the same sums. */
const BEFORE = {
  one: {
    gateway: { frames: 2, messages: 1, statements: 0, trips: 0 },
    "card-validation": { frames: 2, messages: 1, statements: 0, trips: 0 },
    "client-bank": { frames: 7, messages: 5, statements: 9, trips: 9 },
    "merchant-bank": { frames: 2, messages: 1, statements: 5, trips: 5 },
    notification: { frames: 1, messages: 0, statements: 3, trips: 3 },
  },
  hundred: {
    gateway: { frames: 110, messages: 100, statements: 0, trips: 0 },
    "card-validation": { frames: 104, messages: 100, statements: 0, trips: 0 },
    "client-bank": { frames: 506, messages: 500, statements: 18, trips: 18 },
    "merchant-bank": { frames: 103, messages: 100, statements: 10, trips: 10 },
    notification: { frames: 3, messages: 0, statements: 6, trips: 6 },
  },
};
const COLUMNS = { frames: "frames sent", messages: "messages sent", statements: "statements", trips: "round trips" };

export async function budgetTable() {
  const budget = JSON.parse(await readFile(join(ROOT, BUDGET), "utf8"));
  const names = Object.values(COLUMNS);
  const head = ["one of each service", ...names, ...names.map((name) => `${name}, of 100`)];
  const rows = Object.keys(budget.one).map((service) => [
    service,
    ...cells(budget, "one", service),
    ...cells(budget, "hundred", service),
  ]);
  const all = ["all", ...totals(budget, "one"), ...totals(budget, "hundred")];
  return [head, head.map((_, place) => (place === 0 ? "---" : "--:")), ...rows, all]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

function cells(budget, name, service) {
  const now = sumsOf(budget[name][service]);
  return Object.keys(COLUMNS).map((column) => cell(BEFORE[name][service][column], now[column]));
}

function totals(budget, name) {
  return Object.keys(COLUMNS).map((column) => {
    const services = Object.keys(budget[name]);
    const before = services.reduce((sum, service) => sum + BEFORE[name][service][column], 0);
    return cell(
      before,
      services.reduce((sum, service) => sum + sumsOf(budget[name][service])[column], 0),
    );
  });
}

function cell(before, now) {
  return before === now ? `${now}` : `${before} → **${now}**`;
}

function sumsOf(counts) {
  const sum = (pattern) =>
    Object.entries(counts).reduce((total, [what, count]) => total + (pattern.test(what) ? count : 0), 0);
  return {
    frames: sum(/ frames sent$/),
    messages: sum(/ messages sent$/),
    statements: sum(/^statement /),
    trips: sum(/^round trips$/),
  };
}
