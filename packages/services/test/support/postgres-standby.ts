/** A standby that follows a server of the same machine, made as `pg_basebackup` does, which npm's binaries do not have. */
import { mkdtempSync } from "node:fs";
import { appendFile, chmod, chown, cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "../../dist/stack/free-ports.js";
import type { Guardian } from "../../dist/stack/guardian.js";
import { endServer, type PostgresServer, runServer } from "../../dist/stack/postgres.js";
import { locatePostgres, postgresUser, temporaryFolder } from "../../dist/stack/postgres-binaries.js";
import { eventually } from "./eventually.js";

const NAME = "standby";
/** What a running server keeps for itself. */
const NOT_COPIED = /\/(postmaster\.(pid|opts)|pg_wal\/.+|pg_replslot\/.+|pg_dynshmem\/.+|pgsql_tmp.*)$/;

export interface PostgresStandby {
  /** The superuser's. */
  readonly url: string;
  readonly port: number;
  /** Makes it take writes. Resolves when it does. */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, and makes the primary wait for it with every commit. */
export async function startStandby(primary: PostgresServer, guardian: Guardian): Promise<PostgresStandby> {
  const user = await postgresUser();
  const binaries = await locatePostgres(user);
  const home = mkdtempSync(join(await temporaryFolder(user), "quittance-standby-"));
  const release = guardian.path(home);
  const folder = join(home, "data");
  await letBeFollowed(primary);
  const admin = new pg.Client({ connectionString: primary.url });
  await admin.connect();
  try {
    // It keeps what the standby has not yet read.
    await admin.query("SELECT pg_create_physical_replication_slot($1, true)", [NAME]);
    await admin.query("SELECT pg_backup_start($1, true)", [NAME]);
    await cp(primary.folder, folder, { recursive: true, filter: (path) => !NOT_COPIED.test(path) });
    const { rows } = await admin.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    const { password, port } = new URL(primary.url);
    const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=${NAME}`;
    await writeFile(join(folder, "backup_label"), rows[0]?.labelfile ?? "");
    await writeFile(join(folder, "standby.signal"), "");
    await appendFile(
      join(folder, "postgresql.auto.conf"),
      `primary_conninfo = '${conninfo}'\nprimary_slot_name = '${NAME}'\nhot_standby = on\n`,
    );
    await mkdir(join(folder, "pg_wal", "archive_status"), { recursive: true });
    if (user) await chownAll(home, user.uid, user.gid);
    await chmod(folder, 0o700);
    const ownPort = await freePort();
    const running = await runServer(
      { binaries, user, folder, port: ownPort },
      { guardian },
      new AbortController().signal,
    );
    await admin.query(`ALTER SYSTEM SET synchronous_standby_names = '${NAME}'`);
    await admin.query("SELECT pg_reload_conf()");
    await eventually("the primary waits for the standby", async () => {
      const { rowCount } = await admin.query("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'");
      return rowCount === 1;
    });
    const url = primary.url.replace(`:${port}/`, `:${ownPort}/`);
    return {
      url,
      port: ownPort,
      promote: async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await client.query("SELECT pg_promote(true, 60)").finally(() => client.end());
      },
      stop: async () => {
        await endServer(running);
        await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
        release();
      },
    };
  } finally {
    await admin.end();
  }
}

/** The servers of stacks and tests write no more to their logs than a restart needs. */
async function letBeFollowed(primary: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  await client.query("ALTER SYSTEM SET wal_level = replica");
  await client.query("ALTER SYSTEM SET max_wal_senders = 4");
  await client.end();
  process.kill(primary.pid, "SIGINT");
  await primary.restart();
}

async function chownAll(path: string, uid: number, gid: number): Promise<void> {
  await chown(path, uid, gid);
  for (const entry of await readdir(path, { recursive: true })) await chown(join(path, entry), uid, gid);
}
