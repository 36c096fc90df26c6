/** What a client answers in SASL (RFC 4422): the first mechanism of its own that the broker offers. */
import type { SaslMechanism } from "../connection.js";
import { SCRAM_HASHES, ScramClient, type ScramHash } from "./scram.js";

type Respond = (error: unknown, response: Buffer) => void;

/** One log-in, as rhea wants it. */
export interface SaslExchange {
  start(respond: Respond): void;
  step?(challenge: Buffer, respond: Respond): void;
  /**
   * Called once the broker has let the client in, with what it said then.
   * @returns why the client does not trust this broker; undefined where it does
   */
  doubt?(said: Buffer | undefined): string | undefined;
}

/** Who logs in. */
export interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

export type SaslMechanisms = Readonly<Record<string, () => SaslExchange>>;

const EMPTY = Buffer.alloc(0);
/** Those that prove a password, the best first. */
export const PASSWORD_MECHANISMS: readonly SaslMechanism[] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];

/**
 * The mechanisms that may be used, the best first: with a token XOAUTH2, with a password SCRAM and PLAIN; without either
 * EXTERNAL where the client shows a certificate, and else ANONYMOUS (RFC 4505).
 */
export function saslMechanisms(
  { username, password, token }: Login,
  certificate: boolean,
  allowed: readonly SaslMechanism[] = PASSWORD_MECHANISMS,
): SaslMechanisms {
  if (username !== undefined && token !== undefined) return { XOAUTH2: () => bearer(username, token) };
  if (username !== undefined && password !== undefined) {
    return Object.fromEntries(allowed.map((name) => [name, () => withPassword(name, username, password)]));
  }
  // The certificate's identity is the only one wanted. ANONYMOUS would be less than what was meant.
  if (certificate) return { EXTERNAL: () => answering("") };
  return { ANONYMOUS: () => answering(username ?? "anonymous") };
}

/** The best of the mechanisms that the broker offers too; its order does not count. */
export function preferred(mechanisms: SaslMechanisms, offered: readonly unknown[]): SaslMechanisms {
  const best = Object.entries(mechanisms).find(([name]) => offered.includes(name));
  return best === undefined ? {} : Object.fromEntries([best]);
}

function withPassword(name: SaslMechanism, username: string, password: string): SaslExchange {
  if (name !== "PLAIN") return scram(SCRAM_HASHES[name], username, password);
  // RFC 4616. rhea's own measures strings in UTF-16 units and cuts off a password that is not ASCII.
  return answering(`\0${username}\0${password}`);
}

function answering(text: string): SaslExchange {
  return { start: (respond) => respond(undefined, Buffer.from(text, "utf8")) };
}

/** OAuth 2.0 as Google, Microsoft and RabbitMQ name it. After a refusal the broker says why, and waits for an empty answer. */
function bearer(username: string, token: string): SaslExchange {
  return {
    ...answering(`user=${username}\x01auth=Bearer ${token}\x01\x01`),
    step: (_, respond) => respond(undefined, EMPTY),
  };
}

/** The broker's proof comes as one more challenge, or with its last word (AMQP 1.0, 5.3.3.6). */
function scram(hash: ScramHash, username: string, password: string): SaslExchange {
  const client = new ScramClient(hash, username, password);
  let answered = false;
  return {
    start: (respond) => respond(undefined, client.first()),
    step: (challenge, respond) => {
      if (answered) {
        try {
          client.verify(challenge);
          respond(undefined, EMPTY);
        } catch (error) {
          respond(error, EMPTY);
        }
        return;
      }
      answered = true;
      client.final(challenge).then(
        (response) => respond(undefined, response),
        (error: unknown) => respond(error, EMPTY),
      );
    },
    doubt: (said) => {
      try {
        if (!client.verified) client.verify(said ?? EMPTY);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
  };
}
