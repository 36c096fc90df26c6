/** A connection to the simulated server, and the transaction on it. */
import type { LockTable } from "./lock-table.js";
import { sessionEnded, transactionAborted } from "./server-error.js";
import type { Table } from "./table.js";

/** What a statement answers. */
export interface StatementResult {
  readonly rows: readonly object[];
  readonly rowCount: number;
}

export function answer(rows: readonly object[]): StatementResult {
  return { rows, rowCount: rows.length };
}

/** A statement of the services as a model: what it locks, reads and writes, in the server's order. */
export type Statement = (session: Session, values: readonly unknown[]) => Promise<StatementResult>;

/** What lets a transaction go on that waited for a lock; by default at once. */
export type Granted = () => Promise<void>;

/** What a transaction ends on. */
type Committing = Pick<Table, "commit" | "rollBack">;

export class Session {
  readonly #tables: readonly Committing[];
  readonly #locks: LockTable<Session>;
  readonly #granted: Granted;
  #state: "idle" | "open" | "failed" | "ended" = "idle";

  constructor(tables: readonly Committing[], locks: LockTable<Session>, granted: Granted) {
    this.#tables = tables;
    this.#locks = locks;
    this.#granted = granted;
  }

  get isOpen(): boolean {
    return this.#state === "open" || this.#state === "failed";
  }

  begin(): void {
    this.#refuseEnded();
    this.#state = "open";
  }

  /** @throws what the statement throws; the transaction then takes no other statement. */
  async run(statement: Statement, values: readonly unknown[]): Promise<StatementResult> {
    this.#refuseEnded();
    if (this.#state === "failed") throw transactionAborted();
    const alone = this.#state === "idle";
    try {
      const result = await statement(this, values);
      if (alone) this.#finish("commit");
      return result;
    } catch (error) {
      if (alone) this.#finish("rollBack");
      else if (this.isOpen) this.#state = "failed";
      throw error;
    }
  }

  /** COMMIT; of a transaction that failed it is a ROLLBACK. */
  commit(): void {
    this.#refuseEnded();
    this.#finish(this.#state === "open" ? "commit" : "rollBack");
    this.#state = "idle";
  }

  rollBack(): void {
    this.#refuseEnded();
    this.#finish("rollBack");
    this.#state = "idle";
  }

  /** The connection is gone: what is open is rolled back, and whoever waits on it is told. */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#finish("rollBack");
  }

  /** Takes a lock until the transaction ends, however long it takes. */
  async lock(key: string): Promise<void> {
    const waiting = this.#locks.acquire(this, key);
    if (waiting === undefined) return;
    await waiting;
    await this.#granted();
    this.#refuseEnded();
  }

  unlock(key: string): void {
    this.#locks.release(this, key);
  }

  /** Locks rows in the order given, those that were there when the statement began, and reads them as they are then. */
  async lockRows<Row extends object>(table: Table<Row>, keys: readonly string[]): Promise<Row[]> {
    const there = keys.filter((key) => table.get(key, this) !== undefined);
    for (const key of there) await this.lock(table.lockOf(key));
    return there.map((key) => table.get(key, this) as Row);
  }

  /**
   * INSERT ... ON CONFLICT DO NOTHING, for the constraints named or for any: waits for whoever is inserting the same.
   * @returns whether the row went in. @throws ServerError 23505 for a conflict with another constraint.
   */
  async insertUnlessThere<Row extends object>(table: Table<Row>, row: Row, on?: readonly string[]): Promise<boolean> {
    const taken: string[] = [];
    const yields = () => {
      const conflict = table.conflictOf(row, this);
      return conflict !== undefined && (on === undefined || on.includes(conflict));
    };
    for (const key of table.locksOf(row)) {
      if (yields()) break;
      await this.lock(key);
      taken.push(key);
    }
    if (yields()) {
      for (const key of taken) this.unlock(key);
      return false;
    }
    table.insert(row, this);
    return true;
  }

  #finish(how: "commit" | "rollBack"): void {
    for (const table of this.#tables) table[how](this);
    this.#locks.releaseAll(this, sessionEnded);
  }

  #refuseEnded(): void {
    if (this.#state === "ended") throw sessionEnded();
  }
}
