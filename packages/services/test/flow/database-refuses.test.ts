import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { type Readiness, readinessOf } from "../support/readiness.js";
import { type TestStack, untilAllFinal, useStack } from "../support/stack-for-tests.js";

const BOUND_MS = 60_000;
/** How soon whoever looks at readiness is told. */
const TOLD_WITHIN_MS = 15_000;
const PAYMENTS = 20;
const AT_ONCE = { wait: { seconds: 0n, nanos: 0 } };

/** A table that the service cannot do its work without. */
const TABLES = { client_bank: "payments", merchant_bank: "receipts", notification: "notifications" } as const;
type Role = keyof typeof TABLES;
const SERVICES: Readonly<Record<Role, string>> = {
  client_bank: "client-bank",
  merchant_bank: "merchant-bank",
  notification: "notification",
};

/** A database that is up and refuses: what is done to it, how it is repaired, and what it says meanwhile. */
interface Refusal {
  readonly name: string;
  readonly sqlstate: string;
  readonly begin: (role: Role, system: TestStack) => Promise<unknown>;
  readonly end: (role: Role, system: TestStack) => Promise<unknown>;
}

const passwords = new Map<Role, string>();

const REFUSALS: readonly Refusal[] = [
  {
    name: "is read-only, as after a fail-over",
    sqlstate: "25006",
    begin: (role, system) => system.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`),
    end: (role, system) => system.query(`ALTER ROLE ${role} RESET default_transaction_read_only`),
  },
  {
    name: "bars the service's role",
    sqlstate: "28000",
    begin: (role, system) => system.query(`ALTER ROLE ${role} NOLOGIN`),
    end: (role, system) => system.query(`ALTER ROLE ${role} LOGIN`),
  },
  {
    name: "has another password for the service's role",
    sqlstate: "28P01",
    begin: async (role, system) => {
      const [row] = await system.query<{ rolpassword: string }>(
        "SELECT rolpassword FROM pg_authid WHERE rolname = $1",
        [role],
      );
      passwords.set(role, row?.rolpassword ?? "");
      await system.query(`ALTER ROLE ${role} PASSWORD 'rotated'`);
    },
    end: (role, system) => system.query(`ALTER ROLE ${role} PASSWORD '${passwords.get(role)}'`),
  },
  {
    name: "has revoked a right of the service's role",
    sqlstate: "42501",
    begin: (role, system) => system.query(`REVOKE INSERT ON ${role}.${TABLES[role]} FROM ${role}`),
    end: (role, system) => system.query(`GRANT INSERT ON ${role}.${TABLES[role]} TO ${role}`),
  },
  {
    name: "lacks a table, as in the middle of a migration",
    sqlstate: "42P01",
    begin: (role, system) => system.query(`ALTER TABLE ${role}.${TABLES[role]} RENAME TO elsewhere`),
    end: (role, system) => system.query(`ALTER TABLE ${role}.elsewhere RENAME TO ${TABLES[role]}`),
  },
];

describe("the system while PostgreSQL is up and refuses", function () {
  this.timeout(180_000);
  const system = useStack();
  let accepted = 0;

  for (const { name, sqlstate, begin, end } of REFUSALS) {
    for (const role of Object.keys(SERVICES) as Role[]) {
      it(`keeps every accepted payment, is not ready and says why: ${role}'s database ${name}`, async () => {
        await begin(role, system());
        await endSessions(role, system());
        try {
          await Promise.all(Array.from({ length: PAYMENTS }, (_, n) => pay(`${sqlstate}-${role}-${n}`)));
          accepted += PAYMENTS;
          const told = await eventually(
            `${SERVICES[role]} is not ready`,
            async () => saysWhy(await readinessOf(system(), SERVICES[role]), sqlstate),
            TOLD_WITHIN_MS,
          );
          expect(told.httpStatus).to.equal(503);
        } finally {
          await end(role, system());
        }
        for (const service of Object.values(SERVICES)) {
          const isReady = async () => (await readinessOf(system(), service)).httpStatus === 200;
          await eventually(`${service} is ready`, isReady, BOUND_MS);
        }
        await untilAllFinal(system(), accepted, BOUND_MS);
        await eventually(
          "each payment is reported",
          async () => {
            const [row] = await system().query<{ told: bigint }>(
              "SELECT count(DISTINCT payment_id) AS told FROM notification.notifications",
            );
            return Number(row?.told) === accepted;
          },
          BOUND_MS,
        );
        const rows = await system().query<{ id: string }>("SELECT id FROM client_bank.payments");
        expect(rows).to.have.length(accepted);
        expect(await system().discrepancies()).to.deep.equal([]);
        expect(system().output(), "no message was set aside").not.to.contain('"msg":"set aside"');
      });
    }
  }

  async function pay(requestId: string): Promise<void> {
    await system().pay({ requestId, ...AT_ONCE });
  }
});

function endSessions(role: Role, system: TestStack): Promise<unknown> {
  return system.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [role]);
}

function saysWhy(readiness: Readiness, sqlstate: string): Readiness | false {
  return Object.values(readiness.failing ?? {}).some((reason) => reason.includes(sqlstate)) && readiness;
}
