/** An error as PostgreSQL's driver throws it: with the SQLSTATE as its code. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** 40P01: two transactions wait for each other, and this one gives way. */
export const deadlock = () => new ServerError("40P01", "deadlock detected");
/** 57P01: the server goes down, or somebody ends the session. */
export const sessionEnded = () => new ServerError("57P01", "terminating connection due to administrator command");
/** 23505 */
export const uniqueViolation = (constraint: string) =>
  new ServerError("23505", `duplicate key value violates unique constraint "${constraint}"`);
/** 23514 */
export const checkViolation = (constraint: string) =>
  new ServerError("23514", `new row violates check constraint "${constraint}"`);
/** 25P02 */
export const transactionAborted = () =>
  new ServerError("25P02", "current transaction is aborted, commands ignored until end of transaction block");
