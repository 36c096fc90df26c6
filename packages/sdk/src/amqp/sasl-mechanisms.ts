/** What a client answers in SASL (RFC 4422): one mechanism, chosen by what is known of the user. */
interface SaslMechanism {
  start(respond: (error: unknown, response: Buffer) => void): void;
}

/**
 * PLAIN (RFC 4616) with user and password, else ANONYMOUS (RFC 4505). rhea's own PLAIN measures strings in UTF-16
 * units and cuts off a password that is not ASCII.
 */
export function saslMechanisms(
  username: string | undefined,
  password: string | undefined,
): Readonly<Record<string, () => SaslMechanism>> {
  if (username !== undefined && password !== undefined) {
    const response = Buffer.from(`\0${username}\0${password}`, "utf8");
    return { PLAIN: () => ({ start: (respond) => respond(undefined, response) }) };
  }
  const trace = Buffer.from(username ?? "anonymous", "utf8");
  return { ANONYMOUS: () => ({ start: (respond) => respond(undefined, trace) }) };
}
