/** Calls of the HTTP door: one call is tried until it is answered, its time is over, or another try is of no use. */
import { readForm, writeForm } from "./json-form.js";
import { errorOfAnswer } from "./problem.js";
import { outOfTime, QuittanceError } from "./quittance-error.js";
import { pause, retryPauseMs } from "./retry-pause.js";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_RETRIES = 20;
/** What an answer may take longer than the call asked the service to wait. */
const ANSWER_MS = 10_000;
/** What the service waits when a call does not say it. */
const USUAL_WAIT_SECONDS = 5;

/** Where the API is, and who calls. */
export interface ClientOptions {
  /** Where the HTTP door is, for example `https://pay.example`. */
  readonly url: string | URL;
  /**
   * The merchant's token, or a function that returns it. The function is called at each attempt, so that a token that
   * expires can be replaced.
   */
  readonly token: string | (() => string | Promise<string>);
  /** How long a call may take, with all its retries, in milliseconds [60,000]. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is tried again [20]. */
  readonly maximumRetries?: number | undefined;
  /** Another `fetch`, for example one with a proxy or certificates of its own [the global one]. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. The service may have done what was asked. */
  readonly signal?: AbortSignal | undefined;
  /** How long this call may take, with all its retries, in milliseconds [that of the client]. */
  readonly timeoutMs?: number | undefined;
}

/** A call, as the operations make it. */
export interface HttpCall {
  readonly verb: "GET" | "POST";
  /** Below the address of the door, for example `/v1/payments`. */
  readonly path: string;
  /** The parameters, with their form. */
  readonly query?: { readonly form: string; readonly value: object } | undefined;
  /** The body, with its form. */
  readonly body?: { readonly form: string; readonly value: object } | undefined;
  /** The form of the answer. */
  readonly answer: string;
  /** How long the service waits for the end, in seconds. */
  readonly waitSeconds?: number | undefined;
  readonly requestId?: string | undefined;
}

export class HttpCalls {
  readonly #url: string;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    const { href, protocol } = new URL(options.url);
    if (protocol !== "http:" && protocol !== "https:")
      throw new TypeError(`url must be http or https, not ${protocol}`);
    this.#url = href.replace(/\/$/, "");
    this.#options = options;
  }

  /**
   * Makes a call, and makes it again after failures that pass.
   * @throws QuittanceError; or the reason of the caller's signal.
   */
  async call<Answer>(call: HttpCall, options: CallOptions): Promise<Answer> {
    try {
      return readForm<Answer>(call.answer, await this.#untilAnswered(call, options));
    } catch (error) {
      const isOurs = error instanceof QuittanceError && call.requestId !== undefined;
      throw isOurs ? error.withRequestId(call.requestId) : error;
    }
  }

  /**
   * Makes one attempt at a call whose answer is a stream, which the caller reads.
   * @throws QuittanceError
   */
  async stream(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const call = { verb: "GET", path, answer: "" } as const;
    const own = await this.#headersOf(call);
    const response = await this.#open(call, { ...own, ...headers }, signal).catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    if (response.ok) return response;
    throw errorOfAnswer(response, await response.text().catch(() => ""));
  }

  #unreachable(cause: unknown, told = "could not be reached"): QuittanceError {
    return new QuittanceError("UNAVAILABLE", "CONNECTION_FAILED", `${this.#url} ${told}.`, { cause });
  }

  async #headersOf(call: HttpCall): Promise<Readonly<Record<string, string>>> {
    const { token } = this.#options;
    const bearer = typeof token === "string" ? token : await token();
    return {
      authorization: `Bearer ${bearer}`,
      ...(call.body !== undefined && { "content-type": "application/json" }),
    };
  }

  /** @throws what `fetch` does. */
  #open(call: HttpCall, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const { fetch = globalThis.fetch } = this.#options;
    return fetch(`${this.#url}${call.path}${searchOf(call)}`, {
      method: call.verb,
      headers,
      ...(call.body !== undefined && { body: JSON.stringify(writeForm(call.body.form, call.body.value)) }),
      // A token belongs to the service alone.
      redirect: "manual",
      signal,
    });
  }

  async #untilAnswered(call: HttpCall, { signal, timeoutMs }: CallOptions): Promise<unknown> {
    const { maximumRetries = DEFAULT_RETRIES } = this.#options;
    const untilMs = performance.now() + (timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    for (let retry = 0; ; retry++) {
      signal?.throwIfAborted();
      const failure = await this.#attempt(call, { signal, leftMs: untilMs - performance.now() });
      if (!(failure instanceof QuittanceError)) return failure.json;
      if (!failure.retryable || retry >= maximumRetries) throw failure;
      const pauseMs = retryPauseMs(retry, failure.retryAfterMs);
      if (performance.now() + pauseMs >= untilMs) throw outOfTime(failure);
      await pause(pauseMs, signal);
    }
  }

  /** Resolves with the answer's JSON, or with what went wrong. Rejects when the caller aborts. */
  async #attempt(
    call: HttpCall,
    { signal, leftMs }: { readonly signal: AbortSignal | undefined; readonly leftMs: number },
  ): Promise<{ readonly json: unknown } | QuittanceError> {
    const answerMs = (call.waitSeconds ?? USUAL_WAIT_SECONDS) * 1_000 + ANSWER_MS;
    const timeout = AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(leftMs, answerMs))));
    const ending = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const headers = await this.#headersOf(call);
    try {
      const response = await this.#open(call, headers, ending);
      const text = await response.text();
      return response.ok ? jsonOf(response, text) : errorOfAnswer(response, text);
    } catch (cause) {
      signal?.throwIfAborted();
      if (timeout.aborted && leftMs <= answerMs) return outOfTime(cause);
      return this.#unreachable(cause, timeout.aborted ? `did not answer within ${answerMs / 1_000} s` : undefined);
    }
  }
}

function jsonOf(response: Response, text: string): { readonly json: unknown } | QuittanceError {
  try {
    return { json: JSON.parse(text) };
  } catch {
    const message = `The answer was ${response.status} and no JSON: is the address that of the HTTP door?`;
    return new QuittanceError("UNKNOWN", "UNEXPECTED_ANSWER", message, { status: response.status });
  }
}

function searchOf({ query }: HttpCall): string {
  if (query === undefined) return "";
  const given = Object.entries(writeForm(query.form, query.value)).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}
