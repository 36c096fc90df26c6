/** Tells early, and in the words of the options, that a broker or database of the user's own cannot be used. */
import { MessagingError } from "@quittance/sdk";
import pg from "pg";
import { connectBroker } from "../platform/connect-broker.js";
import { databaseConnection } from "../platform/database-connection.js";
import { namedServersTls } from "./named-servers.js";
import { OptionsError, type StackOptions } from "./options.js";

/** How long a server may take to answer: with what comes before it, the user has the sentence within 5 s. */
const ANSWER_TIMEOUT_MS = 4_000;
const NO_ANSWER = `no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`;

/** Answers when the server can be used. @throws OptionsError that names the option, the address and the cause. */
export async function requireDatabase(database: StackOptions["database"]): Promise<void> {
  if (database === "embedded") return;
  const client = new pg.Client({
    ...databaseConnection(database.href, namedServersTls()),
    application_name: "npm-start",
    connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw unusable("--database", database, causeOf(cause), cause);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * The same of a broker, which must take every one of these logins.
 * @param urls With user and password, by whose they are; one that several share need not be named twice.
 */
export async function requireBroker(urls: ReadonlyMap<string, string>): Promise<void> {
  const tls = namedServersTls();
  await Promise.all(
    [...urls].map(async ([whose, url]) => {
      try {
        const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
        const connection = await connectBroker(url, tls, {
          reconnect: false,
          connectTimeoutMs: ANSWER_TIMEOUT_MS,
          signal,
        });
        await connection.close();
      } catch (cause) {
        const code = cause instanceof MessagingError ? cause.code : undefined;
        const refused =
          code === "authentication-failed" ? `it does not take the user and password of ${whose}` : undefined;
        const why = refused ?? (code === "aborted" ? NO_ANSWER : causeOf(cause));
        throw unusable("--broker", new URL(url), why, cause);
      }
    }),
  );
}

function unusable(option: string, url: URL, why: string, cause: unknown): OptionsError {
  return new OptionsError(`${option} ${addressOf(url)} cannot be used: ${why}`, { cause });
}

/** The address without user and password. */
function addressOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** The innermost cause: what is around it speaks of connections, and the user asked for a server. */
function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return causeOf(error.cause);
  if (/time-?d? ?out/i.test(`${error.name} ${error.message}`)) return NO_ANSWER;
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
