/**
 * Several statements in one write, and their answers in one: one round trip. pg's own `pipeline: true` ends every
 * statement with a Sync of its own: the server then answers each with a write of its own, and runs what follows a
 * statement that failed. Here one Sync ends them all, so that what follows a failure is not run (PostgreSQL, "Pipelining"
 * under Message Flow), a COMMIT least of all. It stands on what pg offers to classes that bring their own statements
 * (`submit` and the `handle…` methods, as in pg-cursor), and lets pg's own `Query` write and read each statement.
 */
import pg from "pg";

/** A statement as pg takes it. One with a name is parsed and planned once for each connection. */
export interface Statement {
  readonly name?: string | undefined;
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
}

/** What pg's client calls of a statement, beside what its types tell. */
interface ProtocolQuery extends Omit<pg.Query, "submit"> {
  readonly name?: string | undefined;
  readonly text: string;
  submit(connection: pg.Connection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
  handleReadyForQuery(connection: pg.Connection): void;
}

type NamedStatements = Record<string, string>;
type Settle = (error: Error | undefined, results?: readonly pg.QueryResult[]) => void;

/**
 * Runs the statements in order, in one round trip; without a transaction around them they are one.
 * @returns their results, in order.
 * @throws what the first one that failed did; those after it were not run.
 */
export function runTogether(
  client: pg.ClientBase,
  statements: readonly Statement[],
): Promise<readonly pg.QueryResult[]> {
  return new Promise((resolve, reject) => {
    client.query(
      new StatementPipeline(statements, (error, results = []) => (error ? reject(error) : resolve(results))),
    );
  });
}

class StatementPipeline {
  /** pg puts its time-out around it. */
  callback: Settle;
  readonly #queries: readonly ProtocolQuery[];
  readonly #results: pg.QueryResult[] = [];
  /** Of the statement whose answers are coming. */
  #place = 0;
  /** Found here, before or after the server's own work. */
  #failure: Error | undefined;

  constructor(statements: readonly Statement[], settle: Settle) {
    this.callback = settle;
    this.#queries = statements.map(({ name, text, values }) => {
      // Without parameters too it must be the extended protocol: a simple query ends a pipeline.
      const config = { name, text, values: values === undefined ? [] : [...values], queryMode: "extended" };
      const told = (error: Error | undefined, result: unknown) => {
        if (error) this.#failure ??= error;
        else this.#results.push(result as pg.QueryResult);
      };
      return new pg.Query(config, told) as unknown as ProtocolQuery;
    });
  }

  // By these two pg notes which statements the server has parsed.
  get name(): string | undefined {
    return this.#queries[this.#place]?.name;
  }
  get text(): string | undefined {
    return this.#queries[this.#place]?.text;
  }

  submit(connection: pg.Connection): null {
    const withoutSync = Object.create(connection, { sync: { value: () => undefined } }) as pg.Connection;
    connection.stream.cork();
    try {
      for (const query of this.#queries) {
        // Said by the return value, or by the callback when a value cannot be written. The transaction is not committed.
        const refusal = query.submit(withoutSync);
        if (refusal !== null) this.#failure ??= refusal;
        if (this.#failure !== undefined) break;
      }
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  handleRowDescription(message: unknown): void {
    this.#queries[this.#place]?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#queries[this.#place]?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: pg.Connection): void {
    this.#queries[this.#place]?.handleCommandComplete(message, connection);
    this.#place += 1;
  }

  handleEmptyQuery(): void {
    this.#place += 1;
  }

  /** The end of a pipeline that the server found nothing wrong with; a row may still be one that cannot be read. */
  handleReadyForQuery(connection: pg.Connection): void {
    for (const query of this.#queries) if (this.#failure === undefined) query.handleReadyForQuery(connection);
    this.callback(this.#failure, this.#results);
  }

  /** The server refused a statement, it took too long, or the connection broke. */
  handleError(error: Error, connection: pg.Connection): void {
    const { submittedNamedStatements } = connection as unknown as { submittedNamedStatements: NamedStatements };
    // pg forgets the one that failed; those after it were sent and not parsed.
    for (const { name } of this.#queries.slice(this.#place + 1)) if (name) delete submittedNamedStatements[name];
    this.callback(this.#failure ?? error);
  }
}
