/** The failover strings of Java's ActiveMQ and Qpid JMS clients: `failover:(amqp://a,amqp://b)?maxReconnectAttempts=5`. */
import { MessagingError } from "../errors.js";

/** What a failover string says beside the URLs. */
export interface FailoverOptions {
  readonly initialDelayMs?: number;
  readonly maximumDelayMs?: number;
  /** Attempts in a row after a loss; Infinity for no limit, 0 for no reconnection. */
  readonly maximumAttempts?: number;
  /** Rounds over all URLs before the first connecting fails. */
  readonly firstAttempts?: number;
  readonly randomize?: boolean;
}

export interface FailoverUrl {
  readonly urls: readonly string[];
  readonly options: FailoverOptions;
}

const FORM = /^failover:(?:\/\/)?\(([^()]*)\)(?:\?(.*))?$/s;
const KNOWN = "initialReconnectDelay, maxReconnectDelay, maxReconnectAttempts, startupMaxReconnectAttempts, randomize";

/**
 * Parses a failover string; undefined when it is none. Options may bear Qpid's prefix `failover.`; -1 attempts are
 * any number of them.
 * @throws MessagingError `invalid-argument`
 */
export function parseFailoverUrl(text: string): FailoverUrl | undefined {
  if (!text.startsWith("failover:")) return undefined;
  const match = FORM.exec(text.trim());
  if (match === null) throw invalid("A failover URL has the form failover:(url,url)?option=value&option=value.");
  const [, list = "", query = ""] = match;
  const options: { -readonly [Name in keyof FailoverOptions]: FailoverOptions[Name] } = {};
  for (const [given, value] of new URLSearchParams(query)) {
    const name = given.replace(/^failover\./, "");
    switch (name) {
      case "initialReconnectDelay":
        options.initialDelayMs = count(given, value, 0);
        break;
      case "maxReconnectDelay":
        options.maximumDelayMs = count(given, value, 0);
        break;
      case "maxReconnectAttempts":
        options.maximumAttempts = attempts(given, value);
        // As in Java, the limit holds for the first connecting too, unless that has one of its own.
        options.firstAttempts ??= Math.max(1, options.maximumAttempts);
        break;
      case "startupMaxReconnectAttempts":
        options.firstAttempts = Math.max(1, attempts(given, value));
        break;
      case "randomize":
        if (value !== "true" && value !== "false") throw invalid(`The failover option ${given} is true or false.`);
        options.randomize = value === "true";
        break;
      default:
        throw invalid(`The failover option ${given} is not known here. Known are ${KNOWN}.`);
    }
  }
  return { urls: list.split(","), options };
}

function attempts(name: string, value: string): number {
  const number = count(name, value, -1);
  return number === -1 ? Number.POSITIVE_INFINITY : number;
}

function count(name: string, value: string, minimum: number): number {
  const number = Number(value);
  if (/^-?\d{1,15}$/.test(value) && number >= minimum) return number;
  throw invalid(`The failover option ${name} is a whole number of at least ${minimum}.`);
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
