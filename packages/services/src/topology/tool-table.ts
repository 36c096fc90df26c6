/** The programs of the image that are no services: what an operator runs once, and what watches. */
import { DATABASE_SERVICES, type DatabaseRole, databaseOf } from "./system-table.js";

/** One of them. */
export interface ToolRow {
  /** What it does, for people. */
  readonly summary: string;
  /** The compiled file under `dist` that runs it. */
  readonly module: string;
  /** Variables that hold secrets. */
  readonly secrets: readonly string[];
}

/** The variable in which `migrate` reads the password that a role shall have. */
export function passwordVariableOf(role: DatabaseRole): string {
  return `${role.toUpperCase()}_DATABASE_PASSWORD`;
}

/** Every tool, by the first argument of the image's program. */
export const TOOLS = {
  migrate: {
    summary: "brings the database up to this release, and ends",
    module: "operator/migrate-main.js",
    secrets: [
      "DATABASE_ADMIN_URL",
      ...DATABASE_SERVICES.map((service) => passwordVariableOf(databaseOf(service).role)),
    ],
  },
  monitor: {
    summary: "reports the broker's queues to Prometheus",
    module: "operator/monitor/main.js",
    secrets: ["BROKER_URL"],
  },
  secrets: {
    summary: "makes the secrets of a new installation in a folder, once, and ends",
    module: "operator/create-installation-main.js",
    secrets: [],
  },
  operator: {
    summary: "runs a command of the operator's: see operator --help",
    module: "operator/cli/main.js",
    secrets: [
      ...["DATABASE_URL", "BROKER_URL", "BROKER_AUDITOR_URL"],
      ...["CARD_FINGERPRINT_KEYS", "CARD_STORAGE_KEYS", "TOKEN_SIGNING_KEY"],
    ],
  },
} as const satisfies Record<string, ToolRow>;
