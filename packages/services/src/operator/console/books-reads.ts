/** The statement of the books for the console: it reads every payment, so one runs at a time, for all who ask meanwhile. */
import { BOOKS_STATEMENT, type BooksLine } from "../books-statement.js";
import { inSnapshot } from "../cli/operator-database.js";
import type { OperatorParts } from "./operator-parts.js";

/** What takes longer is for the command line. */
const STATEMENT_TIMEOUT_MS = 60_000;

export class BooksReads {
  readonly #parts: OperatorParts;
  #running: Promise<readonly BooksLine[]> | undefined;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** @throws ApiError DATABASE_UNAVAILABLE, also when it takes longer than a minute. */
  read(): Promise<readonly BooksLine[]> {
    this.#running ??= this.#read().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  #read(): Promise<readonly BooksLine[]> {
    return this.#parts.onDatabase((client) =>
      inSnapshot(client, async () => {
        await client.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
        return (await client.query<BooksLine>(BOOKS_STATEMENT)).rows;
      }),
    );
  }
}
