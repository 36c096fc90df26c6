/** `verify-money`: do the books agree, and if not, where? */
import { auditMoney, CHECKS, type Discrepancy, formatSums, type MoneyAudit } from "./audit-money.js";
import { type Command, EXIT, formatColumns, numberOption, toJson } from "./command.js";
import { onOperatorDatabase } from "./operator-database.js";
import { showProgress } from "./progress.js";

const DEFAULT_LIMIT = 100;
const DEFAULT_BOUND_SECONDS = 3_600;

export const verifyMoney: Command = {
  name: "verify-money",
  summary: "Do the books of both banks agree? Names every payment and account that is wrong.",
  usage: "[options]",
  help: `Reads both banks in one snapshot, so it is right while payments run, and locks nothing. Exit code 1 when
anything is wrong.

  --limit <n>           Discrepancies to name [${DEFAULT_LIMIT}]; all are counted.
  --bound-seconds <n>   How long a payment may be unfinished before that is wrong [${DEFAULT_BOUND_SECONDS}].`,
  options: { limit: { type: "string" }, "bound-seconds": { type: "string" } },
  async run(call) {
    const limit = numberOption(call, "limit", { minimum: 1, maximum: 1_000_000, otherwise: DEFAULT_LIMIT });
    const boundSeconds = numberOption(call, "bound-seconds", {
      minimum: 1,
      maximum: 1_000_000_000,
      otherwise: DEFAULT_BOUND_SECONDS,
    });
    const { terminal, configuration } = call;
    const progress = showProgress(terminal);
    const audit = await onOperatorDatabase(configuration, (client) =>
      auditMoney(client, { limit, boundSeconds, onProgress: progress.update }),
    ).finally(() => progress.end());
    terminal.out(call.json ? `${toJson({ agree: audit.wrong === 0n, ...audit })}\n` : formatAudit(audit));
    return audit.wrong === 0n ? EXIT.ok : EXIT.wrong;
  },
};

function formatAudit(audit: MoneyAudit): string {
  const { payments, accounts } = audit.checked;
  const lines = [
    `Looked at ${payments} payments and ${accounts} accounts as they were at ${audit.time.toISOString()}.`,
    "",
    formatColumns(audit.sums.map((sums) => [sums.currency, formatSums(sums)])),
    "",
    ...audit.discrepancies.map(formatDiscrepancy),
  ];
  if (audit.wrong === 0n) lines.push("The books agree.");
  else {
    const named = BigInt(audit.discrepancies.length);
    const rest = named < audit.wrong ? ` ${named} of them are named here; --limit names more.` : "";
    lines.push(`THE BOOKS DO NOT AGREE: ${audit.wrong} discrepancies.${rest}`);
  }
  return `${lines.join("\n")}\n`;
}

function formatDiscrepancy(one: Discrepancy): string {
  const where = [one.payment, ...one.accounts, one.payment === null ? one.currency : null].filter(
    (part) => part !== null,
  );
  const entries = one.entries.map(
    (entry) =>
      `    ${entry.bank}: ${entry.kind} ${entry.direction} ${entry.account} ${entry.amount} ${entry.currency} ${entry.time.toISOString()}`,
  );
  return [`WRONG  ${CHECKS[one.check]}`, `  ${where.join(" ")}: ${one.complaint}`, ...entries, ""].join("\n");
}
