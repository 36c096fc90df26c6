/** A table: what is committed, and what open transactions wrote and nobody else sees. */
import { checkViolation, uniqueViolation } from "./server-error.js";

/** Whose writes are seen, beside what is committed: a transaction. */
export type Writer = object;

export interface TableDefinition<Row> {
  readonly name: string;
  readonly keyOf: (row: Row) => string;
  readonly primaryKey: string;
  /** Further unique constraints, by name; undefined for a row that a partial index leaves out. */
  readonly unique?: Readonly<Record<string, (row: Row) => string | undefined>>;
  /** CHECK constraints, by name. */
  readonly checks?: Readonly<Record<string, (row: Row) => boolean>>;
}

export class Table<Row extends object = object> {
  readonly definition: TableDefinition<Row>;
  readonly #committed = new Map<string, Row>();
  readonly #written = new Map<Writer, Map<string, Row>>();

  constructor(definition: TableDefinition<Row>) {
    this.definition = definition;
  }

  /** The row as `writer` sees it, or as everybody does. */
  get(key: string, writer?: Writer): Row | undefined {
    return (writer && this.#written.get(writer)?.get(key)) ?? this.#committed.get(key);
  }

  /** All rows as `writer` sees them, or as everybody does, in the order of their keys. */
  rows(writer?: Writer): Row[] {
    const all = new Map(this.#committed);
    for (const [key, row] of (writer && this.#written.get(writer)) ?? []) all.set(key, row);
    return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  /** All rows that are committed, in no certain order. */
  committed(): Iterable<Row> {
    return this.#committed.values();
  }

  /** What locks stand for, of a row or of one that is about to be inserted. */
  lockOf(key: string): string {
    return `${this.definition.name} ${key}`;
  }

  /** The names under which a row may be in another's way: its primary key, and its other unique keys. */
  locksOf(row: Row): string[] {
    const others = Object.entries(this.definition.unique ?? {}).flatMap(([name, of]) => {
      const value = of(row);
      return value === undefined ? [] : [this.lockOf(`${name} ${value}`)];
    });
    return [this.lockOf(this.definition.keyOf(row)), ...others];
  }

  /** The constraint that a row to insert would break against those that `writer` sees. */
  conflictOf(row: Row, writer: Writer): string | undefined {
    if (this.get(this.definition.keyOf(row), writer) !== undefined) return this.definition.primaryKey;
    for (const [name, of] of Object.entries(this.definition.unique ?? {})) {
      const value = of(row);
      if (value === undefined) continue;
      for (const other of this.#written.get(writer)?.values() ?? []) if (of(other) === value) return name;
      for (const other of this.#committed.values()) if (of(other) === value) return name;
    }
    return undefined;
  }

  /** @throws ServerError 23505, 23514 */
  insert(row: Row, writer: Writer): void {
    const conflict = this.conflictOf(row, writer);
    if (conflict !== undefined) throw uniqueViolation(conflict);
    this.write(row, writer);
  }

  /** Writes a row over the one with its key. @throws ServerError 23514 */
  write(row: Row, writer: Writer): void {
    for (const [name, holds] of Object.entries(this.definition.checks ?? {})) {
      if (!holds(row)) throw checkViolation(name);
    }
    let written = this.#written.get(writer);
    if (written === undefined) {
      written = new Map();
      this.#written.set(writer, written);
    }
    written.set(this.definition.keyOf(row), row);
  }

  commit(writer: Writer): void {
    for (const [key, row] of this.#written.get(writer) ?? []) this.#committed.set(key, row);
    this.#written.delete(writer);
  }

  rollBack(writer: Writer): void {
    this.#written.delete(writer);
  }

  /** Puts a row in before the schedule begins. */
  seed(row: Row): void {
    this.#committed.set(this.definition.keyOf(row), row);
  }
}
