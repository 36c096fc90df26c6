/** Asks the application, at each attempt to connect, who logs in and what carries the bytes. */
import { Duplex } from "node:stream";
import type { BrokerAddress, ConnectOptions, Credentials } from "../connection.js";
import { startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";
import { checkGiven } from "./credentials.js";

/**
 * @throws MessagingError `connection-failed` where the function fails or does not answer in time, as the next attempt may
 * get an answer; `aborted`.
 */
export async function askCredentials(
  given: NonNullable<ConnectOptions["credentials"]>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Credentials> {
  if (typeof given !== "function") return given;
  return answerTo(given, { name: "credentials", check: checkGiven, timeoutMs, signal });
}

/** @throws MessagingError as {@link askCredentials} */
export async function askSocket(
  create: NonNullable<ConnectOptions["createSocket"]>,
  { host, port, secure }: BrokerAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  // Nobody else would end one that comes too late.
  const unused = (socket: Duplex) => socket.destroy();
  return answerTo(() => create({ host, port, secure }), {
    name: "createSocket",
    check: checkSocket,
    timeoutMs,
    signal,
    unused,
  });
}

interface Question<Answer> {
  /** The function's name, for errors. */
  readonly name: string;
  readonly check: (answer: Answer) => void;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Takes an answer that came too late. */
  readonly unused?: (answer: Answer) => void;
}

function answerTo<Answer>(ask: () => Answer | Promise<Answer>, question: Question<Answer>): Promise<Answer> {
  const { name, check, timeoutMs, signal, unused } = question;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let over = false;
  const fail = (error: MessagingError) => {
    over = true;
    reject(error);
  };
  const aborted = () => fail(new MessagingError("aborted", "Connecting was aborted."));
  const inTime = startDeadline(timeoutMs, () => fail(failed(name, `did not answer within ${timeoutMs} ms`)));
  signal.addEventListener("abort", aborted, { once: true });
  if (signal.aborted) aborted();
  // What it throws at once is its failure too.
  new Promise<Answer>((answered) => answered(ask())).then(
    (answer) => {
      try {
        check(answer);
      } catch (error) {
        fail(failed(name, "gave none", error));
        return;
      }
      if (over) unused?.(answer);
      else resolve(answer);
    },
    (error: unknown) => fail(failed(name, "failed", error)),
  );
  return promise.finally(() => {
    inTime();
    signal.removeEventListener("abort", aborted);
  });
}

function checkSocket(answer: Duplex): void {
  if (answer instanceof Duplex) return;
  throw new MessagingError("invalid-argument", "it must give a Duplex stream that is connected");
}

function failed(name: string, what: string, cause?: unknown): MessagingError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new MessagingError("connection-failed", `The function ${name} ${what}${why}.`, { cause });
}
