/**
 * A database on several hosts, one of them taking writes: `postgres://user:password@one:5432,two:5432/name`, as libpq
 * reads it with `target_session_attrs=read-write`. The driver knows one host alone.
 */
import type pg from "pg";

const HOSTS = /^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/;

/** One URL for each host, in the order in which the URL names them. */
export function databaseUrls(url: string): string[] {
  const [, before, hosts, after] = HOSTS.exec(url) ?? [];
  if (before === undefined || hosts === undefined || after === undefined) return [url];
  const rest = after.replace(/([?&])target_session_attrs=[^&]*(&|$)/, (_all, first: string, last: string) =>
    last === "&" ? first : "",
  );
  return hosts.split(",").map((host) => `${before}${host}${rest}`);
}

/** Thrown when hosts were reached and none of them takes writes: a standby waits to be promoted. */
export class NoWritableHostError extends Error {
  override readonly name = "NoWritableHostError";
  /** PostgreSQL's read_only_sql_transaction: trying again later helps. */
  readonly code = "25006";
}

/**
 * Connections to whichever host takes writes. It stays with a host that does, and looks at the others, once each and in
 * their order, when the one of the moment cannot be reached or takes no writes. With one host it asks nothing.
 */
export class WritableHost {
  readonly #pools: readonly pg.Pool[];
  /** Sessions that were seen to take writes. A server that is demoted ends or refuses them. */
  readonly #writable = new WeakSet<pg.PoolClient>();
  #current = 0;

  /** @param pools One for each host. */
  constructor(pools: readonly pg.Pool[]) {
    this.#pools = pools;
  }

  /** @throws what the last host said, or {@link NoWritableHostError}. */
  async connect(): Promise<pg.PoolClient> {
    let failure: unknown;
    const first = this.#current;
    for (let step = 0; step < this.#pools.length; step += 1) {
      const place = (first + step) % this.#pools.length;
      try {
        const client = await this.#connectTo(this.#pools[place] as pg.Pool);
        this.#current = place;
        return client;
      } catch (error) {
        // That a host is only a standby says less than why the other is away.
        if (failure === undefined || !(error instanceof NoWritableHostError)) failure = error;
      }
    }
    throw failure;
  }

  async end(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }

  async #connectTo(pool: pg.Pool): Promise<pg.PoolClient> {
    const client = await pool.connect();
    if (this.#pools.length === 1 || this.#writable.has(client)) return client;
    try {
      const { rows } = await client.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
      if (rows[0]?.transaction_read_only !== "off") {
        throw new NoWritableHostError(`The database at ${client.host}:${client.port} takes no writes.`);
      }
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#writable.add(client);
    return client;
  }
}
