/**
 * A line to PostgreSQL that counts what a service says on it, by the protocol's own messages: round trips (something is
 * sent while nothing is to be answered) and statements that are run, by their names.
 *
 * ```ts
 * const line = await startCountedDatabase(database().urlOf("client_bank"));
 * const service = openDatabase({ url: line.url, ... });
 * const { roundTrips, statements } = await line.during(() => service.transaction(...));
 * ```
 */
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { PostgresMessages } from "./wire/postgres-messages.js";

/** What was said on all connections of a connection, from a moment on. */
export interface LineCounts {
  readonly roundTrips: number;
  /** The names of the statements in their order; of one without a name its first word. */
  readonly statements: readonly string[];
}

export interface CountedDatabase {
  /** The database's URL by way of this connection. */
  readonly url: string;
  /** What was said since the line began, or since the last {@link reset}. */
  counts(): LineCounts;
  reset(): void;
  /** What was said while `work` ran. */
  during(work: () => Promise<unknown>): Promise<LineCounts>;
  /** Breaks every connection. */
  breakOff(): void;
  close(): Promise<void>;
}

/** @param url That of a role, without TLS. */
export async function startCountedDatabase(url: string): Promise<CountedDatabase> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let roundTrips = 0;
  let statements: string[] = [];

  const server = createServer((service) => {
    const database = dial(Number(target.port), target.hostname);
    const conversation = new Conversation({
      roundTrip: () => {
        roundTrips += 1;
      },
      statement: (name) => statements.push(name),
    });
    const ends: readonly [Socket, Socket, (chunk: Buffer) => void][] = [
      [service, database, (chunk) => conversation.asked(chunk)],
      [database, service, (chunk) => conversation.answered(chunk)],
    ];
    for (const [from, to, seen] of ends) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        seen(chunk);
        to.write(chunk);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const here = new URL(url);
  here.hostname = "127.0.0.1";
  here.port = String((server.address() as AddressInfo).port);

  const line: CountedDatabase = {
    url: here.href,
    counts: () => ({ roundTrips, statements: [...statements] }),
    reset: () => {
      roundTrips = 0;
      statements = [];
    },
    during: async (work) => {
      line.reset();
      await work();
      return line.counts();
    },
    breakOff: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      line.breakOff();
      server.close();
      await once(server, "close");
    },
  };
  return line;
}

/** The messages of one connection: PostgreSQL's documentation, "Message Formats". */
class Conversation {
  readonly #tell: { readonly roundTrip: () => void; readonly statement: (name: string) => void };
  readonly #fromService = new PostgresMessages((type, body) => this.#asked(type, body), true);
  readonly #fromDatabase = new PostgresMessages((type) => this.#answered(type), false);
  /** Syncs and simple queries without their ReadyForQuery. */
  #unanswered = 0;
  /** Of the statement without a name, and of the portal. */
  #unnamed = "";
  #bound = "";

  constructor(tell: { readonly roundTrip: () => void; readonly statement: (name: string) => void }) {
    this.#tell = tell;
  }

  asked(chunk: Buffer): void {
    this.#fromService.take(chunk);
  }

  answered(chunk: Buffer): void {
    this.#fromDatabase.take(chunk);
  }

  #asked(type: string, body: Buffer): void {
    const [first = "", second = ""] = body.toString("utf8").split("\0");
    if (type === "P" && first === "") this.#unnamed = firstWord(second);
    if (type === "B") this.#bound = second || this.#unnamed;
    if (type === "E") this.#tell.statement(this.#bound);
    if (type === "Q") this.#tell.statement(firstWord(first));
    if (type !== "S" && type !== "Q") return;
    if (this.#unanswered === 0) this.#tell.roundTrip();
    this.#unanswered += 1;
  }

  #answered(type: string): void {
    // ReadyForQuery answers a Query or a Sync.
    if (type === "Z") this.#unanswered = Math.max(0, this.#unanswered - 1);
  }
}

function firstWord(text: string): string {
  return text.trim().split(/\s/, 1)[0] ?? "";
}
