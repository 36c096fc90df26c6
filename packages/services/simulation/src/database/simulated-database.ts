/** A service's pool of connections to the simulated server: what `openDatabase` is to the real one. */
import type { Database, Session as DatabaseSession, Transaction } from "../../../dist/platform/database.js";
import type { Random } from "../random.js";
import type { Actor, Schedule } from "../schedule.js";
import { ServerError, sessionEnded } from "./server-error.js";
import type { Session, StatementResult } from "./session.js";
import { type DatabaseUser, type SimulatedServer, type Statements, statementName } from "./simulated-server.js";

interface Asked {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

interface OpenTransaction {
  readonly session: Session;
  readonly owner: Actor;
  /** Whether COMMIT is on its way: killed now, the transaction may stand or not. */
  committing: boolean;
}

/** Statements that fail when the schedule says so: a time-out, a server without connections, a deadlock elsewhere. */
const PASSING_FAILURES = ["57014", "53300", "40P01", "08006"];

/** The server as the processes of a schedule reach it. */
export class DatabaseHost {
  readonly server: SimulatedServer;
  readonly #statements: Statements;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #actor: Actor = { name: "database" };
  readonly #onCommit: () => void;
  readonly #open = new Set<OpenTransaction>();
  #failNext = false;

  constructor(options: {
    readonly server: SimulatedServer;
    /** Those of the server, or what a deliberate bug makes of them. */
    readonly statements: Statements;
    readonly schedule: Schedule;
    readonly random: Random;
    /** Called for each commit, as soon as others see it. */
    readonly onCommit: () => void;
  }) {
    this.server = options.server;
    this.#statements = options.statements;
    this.#schedule = options.schedule;
    this.#random = options.random;
    this.#onCommit = options.onCommit;
  }

  /** Lets the next statement fail with an error that passes. */
  failNext(): void {
    this.#failNext = true;
  }

  /** Every connection breaks; what was committed stands, and a COMMIT on its way may have been heard. */
  crash(): void {
    for (const transaction of [...this.#open]) this.#breakOff(transaction)();
  }

  /** A process was killed: the server hears of it now or later, and until then its locks stand. */
  disconnect(owner: Actor): void {
    for (const transaction of [...this.#open]) {
      if (transaction.owner !== owner) continue;
      const end = this.#breakOff(transaction);
      if (this.#random.chance(0.5)) end();
      else this.#schedule.add(this.#actor, `notices that ${owner.name} is gone`, end);
    }
  }

  connect(user: DatabaseUser, owner: Actor): Database {
    return {
      transaction: (work) => this.#transaction(user, owner, work),
      autoCommit: (work) => work(this.#pipeline(user, owner, this.#session())),
      problem: () => undefined,
      close: async () => undefined,
    };
  }

  async #transaction<T>(user: DatabaseUser, owner: Actor, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction: OpenTransaction = { session: this.#session(), owner, committing: false };
    const { session } = transaction;
    session.begin();
    this.#open.add(transaction);
    const { query, afterThat } = this.#pipeline(user, owner, session);
    let committed: Promise<void> | undefined;
    const commit = () => {
      committed ??= afterThat(() => this.#commit(transaction));
      return committed;
    };
    try {
      const result = await work({ query, commit });
      await commit();
      return result;
    } catch (error) {
      await this.#schedule.turn(owner, "rolls back");
      if (this.#open.has(transaction)) session.rollBack();
      throw error;
    } finally {
      this.#open.delete(transaction);
    }
  }

  async #commit(transaction: OpenTransaction): Promise<void> {
    const { owner } = transaction;
    await this.#schedule.turn(owner, "sends COMMIT");
    if (!this.#open.has(transaction)) throw sessionEnded();
    transaction.committing = true;
    await new Promise<void>((resolve) => {
      this.#schedule.add(this.#actor, `commits for ${owner.name}`, () => {
        if (transaction.committing) this.#commitNow(transaction);
        resolve();
      });
    });
    await this.#schedule.turn(owner, "hears of COMMIT");
    if (!this.#open.has(transaction)) throw sessionEnded();
  }

  /** Ends a transaction whose connection broke; the returned function is the server's side of it. */
  #breakOff(transaction: OpenTransaction): () => void {
    this.#open.delete(transaction);
    if (transaction.committing && this.#random.chance(0.5)) this.#commitNow(transaction);
    transaction.committing = false;
    return () => transaction.session.end();
  }

  #commitNow(transaction: OpenTransaction): void {
    transaction.committing = false;
    transaction.session.commit();
    this.#onCommit();
  }

  #session(): Session {
    return this.server.open(() => this.#schedule.turn(this.#actor, "grants a lock"));
  }

  /** What is asked for runs in its order; after a failure nothing more does, least of all a COMMIT that was sent with it. */
  #pipeline(user: DatabaseUser, owner: Actor, session: Session) {
    let last: Promise<unknown> = Promise.resolve();
    const afterThat = <T>(run: () => Promise<T>): Promise<T> => {
      const next = last.then(run);
      last = next;
      return next;
    };
    const query = (asked: Asked | string) => afterThat(() => this.#run(user, owner, session, asked));
    return { afterThat, query: query as unknown as DatabaseSession["query"] };
  }

  async #run(user: DatabaseUser, owner: Actor, session: Session, asked: Asked | string): Promise<StatementResult> {
    const { values = [], ...query } = typeof asked === "string" ? { text: asked } : asked;
    const name = statementName(query);
    const statement = this.#statements[user][name];
    if (statement === undefined) throw new Error(`The simulated database has no model of ${user}'s ${name}.`);
    await this.#schedule.turn(owner, name);
    if (this.#failNext) {
      this.#failNext = false;
      throw new ServerError(this.#random.pick(PASSING_FAILURES), "the schedule lets this statement fail");
    }
    return session.run(statement, values);
  }
}
