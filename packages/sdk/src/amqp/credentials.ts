/** Who logs in, asked anew at each attempt to connect where the application gives a function. */
import { checkNames, checkText, namesOf } from "../arguments.js";
import type { ConnectOptions, Credentials } from "../connection.js";
import { startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";
import type { BrokerEndpoint } from "./broker-url.js";

const FIELDS = namesOf<Credentials>({ username: true, password: true, token: true });

type Given = ConnectOptions["credentials"];

/** @throws MessagingError `invalid-argument` */
export function checkCredentials(given: Given, options: ConnectOptions, endpoints: readonly BrokerEndpoint[]): void {
  if (given === undefined) return;
  if (options.username !== undefined || options.password !== undefined) {
    throw invalid("Give credentials, or username and password, not both.");
  }
  if (endpoints.some(({ username }) => username !== undefined)) {
    throw invalid("Give credentials, or a user in the URL, not both.");
  }
  if (typeof given !== "function") checkGiven(given);
}

/**
 * @returns at once where nobody has to be asked
 * @throws MessagingError `connection-failed` where the function fails or does not answer in time: the next attempt may get
 * an answer; `aborted`.
 */
export function askCredentials(
  given: Exclude<Given, undefined>,
  timeoutMs: number,
  signal: AbortSignal,
): Credentials | Promise<Credentials> {
  if (typeof given !== "function") return given;
  const { promise, resolve, reject } = Promise.withResolvers<Credentials>();
  const aborted = () => reject(new MessagingError("aborted", "Connecting was aborted."));
  const inTime = startDeadline(timeoutMs, () => reject(failed(`did not answer within ${timeoutMs} ms`)));
  signal.addEventListener("abort", aborted, { once: true });
  // Also what it throws at once is its failure.
  new Promise<Credentials>((answer) => answer(given())).then(
    (answer) => {
      try {
        checkGiven(answer);
        resolve(answer);
      } catch (error) {
        reject(failed("gave none", error));
      }
    },
    (error: unknown) => reject(failed("failed", error)),
  );
  if (signal.aborted) aborted();
  return promise.finally(() => {
    inTime();
    signal.removeEventListener("abort", aborted);
  });
}

function checkGiven(given: Credentials): void {
  checkNames("credentials", given, FIELDS);
  checkText("credentials.username", given.username ?? null);
  checkText("credentials.password", given.password);
  checkText("credentials.token", given.token);
  if ((given.password === undefined) === (given.token === undefined)) {
    throw invalid("credentials need a password or a token, and not both.");
  }
}

function failed(what: string, cause?: unknown): MessagingError {
  const why = cause instanceof MessagingError ? `: ${cause.message}` : "";
  return new MessagingError("connection-failed", `The function credentials ${what}${why}.`, { cause });
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
