/** A transaction, or a connection without one, on which statements that are asked for together travel together. */
import type pg from "pg";
import { runTogether, type Statement } from "./statement-pipeline.js";

/** What runs statements. The operations of a service take it as their first parameter. */
export interface Session {
  /**
   * Runs a statement. Those that are asked for in one turn, before anything is awaited, go to the server in one write and
   * are answered in one: `Promise.all([lockClients(transaction, …), findPayments(transaction, …)])` is one round trip.
   * They run in the order in which they were asked for, each seeing what was committed before it began.
   * @throws what PostgreSQL says of it, or of another one of the same turn: what comes after a failure is not run.
   */
  query<Row extends pg.QueryResultRow>(statement: Statement | string): Promise<pg.QueryResult<Row>>;
}

export interface Transaction extends Session {
  /**
   * Ends the transaction. Asked for in one turn with the last statements it is sent with them, and is not run when one of
   * them fails: whatever must hold of what they wrote is checked by the statements themselves. Nothing may follow it.
   */
  commit(): Promise<void>;
}

interface Asked {
  readonly statement: Statement;
  resolve(result: pg.QueryResult): void;
  reject(error: unknown): void;
}

const BEGIN: Statement = { name: "begin", text: "BEGIN" };
const COMMIT: Statement = { name: "commit", text: "COMMIT" };
const ROLLBACK: Statement = { name: "rollback", text: "ROLLBACK" };

/** Statements on one connection; what is asked for in one turn is sent when the turn is over. */
export class PipelinedSession implements Session {
  readonly #client: pg.ClientBase;
  #asked: Asked[] = [];
  #isSending = false;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  query<Row extends pg.QueryResultRow>(statement: Statement | string): Promise<pg.QueryResult<Row>> {
    return this.ask(typeof statement === "string" ? { text: statement } : statement);
  }

  protected ask<Row extends pg.QueryResultRow>(...statements: Statement[]): Promise<pg.QueryResult<Row>> {
    const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
    const last = statements.length - 1;
    const ignored = { resolve: () => undefined, reject: () => undefined };
    for (const [place, statement] of statements.entries()) {
      this.#asked.push({ statement, ...(place === last ? { resolve, reject } : ignored) });
    }
    if (!this.#isSending) {
      this.#isSending = true;
      queueMicrotask(() => void this.#send());
    }
    return promise;
  }

  async #send(): Promise<void> {
    while (this.#asked.length > 0) {
      const asked = this.#asked;
      this.#asked = [];
      try {
        const results = await runTogether(
          this.#client,
          asked.map(({ statement }) => statement),
        );
        for (const [place, { resolve }] of asked.entries()) resolve(results[place] as pg.QueryResult);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#isSending = false;
  }
}

/** A READ COMMITTED transaction: BEGIN goes with the first statement. */
export class PipelinedTransaction extends PipelinedSession implements Transaction {
  #hasBegun = false;
  #committed: Promise<void> | undefined;

  override query<Row extends pg.QueryResultRow>(statement: Statement | string): Promise<pg.QueryResult<Row>> {
    if (this.#committed !== undefined)
      throw new Error("The transaction is over: its COMMIT was asked for before this.");
    const asked = typeof statement === "string" ? { text: statement } : statement;
    if (this.#hasBegun) return this.ask(asked);
    this.#hasBegun = true;
    return this.ask(BEGIN, asked);
  }

  commit(): Promise<void> {
    this.#committed ??= this.#hasBegun ? this.#commit() : Promise.resolve();
    return this.#committed;
  }

  async #commit(): Promise<void> {
    const { command } = await this.ask(COMMIT);
    // What a COMMIT does after a failure that nobody heard of.
    if (command !== "COMMIT") throw new Error("The transaction had failed before its COMMIT, and was rolled back.");
  }

  /** Ends it without a trace. A rollback that fails changes nothing: the connection is broken, and the server does it. */
  async rollBack(): Promise<void> {
    if (this.#hasBegun) await this.ask(ROLLBACK).catch(() => undefined);
  }
}
