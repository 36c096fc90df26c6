/** A database that is slow, busy, full or ill-tempered: what a hostile session can do to the services' own. */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { DATABASE_ROLES } from "../../../dist/operator/migrate.js";
import type { Random } from "../random.js";
import type { System } from "../system.js";
import type { Fault } from "./fault.js";

/** More than the server admits, so that it is full at the end. */
const MORE_THAN_ADMITTED = 120;
/** The two clients that most payments are of, in the other order than that in which services lock them. */
const HOT_CLIENTS = ["c-0005", "c-0001"] as const;

/** Runs statements as the superuser on a session of its own, which is rolled back. */
async function asHostile(system: System, work: (session: pg.Client) => Promise<void>): Promise<void> {
  const session = new pg.Client({ connectionString: system.stack.databaseUrl, application_name: "chaos-hostile" });
  session.on("error", () => undefined);
  await session.connect();
  try {
    await session.query("BEGIN");
    await work(session);
  } finally {
    await session.end().catch(() => undefined);
  }
}

function lockFor(what: string, statement: string, milliseconds: readonly [number, number]): Fault {
  return {
    name: `a session locks ${what}`,
    run: async ({ system, random, did }) => {
      await asHostile(system, async (session) => {
        await session.query(statement);
        did({ target: "database", point: `${what} locked` });
        await pause(random.between(...milliseconds));
      });
    },
  };
}

export const lockHotRows = lockFor(
  "the rows that everybody needs",
  "SELECT FROM client_bank.clients c, merchant_bank.merchants m WHERE c.id = 'c-0001' AND m.id = 'm-0001' FOR UPDATE",
  [1_000, 4_000],
);
/** Longer than a service waits for a lock: its statement fails with 55P03, and the batch is tried again. */
export const lockTables = lockFor(
  "a table",
  "LOCK TABLE client_bank.payments, merchant_bank.receipts, notification.notifications IN ACCESS EXCLUSIVE MODE",
  [5_500, 6_500],
);

export const deadlock: Fault = {
  name: "a session locks rows in the other order",
  run: async ({ system, random, did }) => {
    for (let times = 0; times < 4; times += 1) {
      await asHostile(system, async (session) => {
        for (const id of HOT_CLIENTS) {
          await session.query("SELECT FROM client_bank.clients WHERE id = $1 FOR UPDATE", [id]);
          await pause(random.between(100, 400));
        }
      }).catch((error: { code?: unknown }) => {
        // It was the victim itself.
        if (error.code !== "40P01") throw error;
      });
      did({ target: "database", point: "rows locked in the other order" });
    }
  },
};

export const terminateSessions: Fault = {
  name: "the services' sessions are ended by the database",
  run: async ({ system, random, did }) => {
    for (let times = random.between(2, 6); times > 0; times -= 1) {
      await terminate(system);
      did({ target: "database", point: "sessions ended" });
      await pause(random.between(0, 600));
    }
  },
};

async function terminate(system: System): Promise<void> {
  await system.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1)", [
    [...DATABASE_ROLES],
  ]);
}

/** Every connection that the server admits is taken, and those of the services are ended: they cannot come back. */
export const exhaustConnections: Fault = {
  name: "the database admits nobody any more",
  run: async ({ system, random, did }) => {
    const sessions: pg.Client[] = [];
    try {
      await terminate(system);
      await fill(system, sessions, random);
      did({ target: "database", point: "no connection left" });
      await pause(random.between(1_000, 4_000));
    } finally {
      await Promise.all(sessions.map((session) => session.end().catch(() => undefined)));
    }
  },
};

async function fill(system: System, sessions: pg.Client[], random: Random): Promise<void> {
  for (let place = 0; place < MORE_THAN_ADMITTED; place += 1) {
    const session = new pg.Client({ connectionString: system.stack.databaseUrl, application_name: "chaos-hostile" });
    session.on("error", () => undefined);
    try {
      await session.connect();
    } catch {
      return;
    }
    sessions.push(session);
    // Now and then a service is quicker than we are, and has to be ended again.
    if (random.chance(0.1))
      await session.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1)", [
        [...DATABASE_ROLES],
      ]);
  }
}
