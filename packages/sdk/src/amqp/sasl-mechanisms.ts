/** What a client answers in SASL (RFC 4422): one mechanism, chosen by what is known of the user. */
interface SaslMechanism {
  start(respond: (error: unknown, response: Buffer) => void): void;
}

/**
 * PLAIN (RFC 4616) with user and password; without them EXTERNAL (RFC 4422, appendix A) where the client shows a
 * certificate, and else ANONYMOUS (RFC 4505). rhea's own PLAIN measures strings in UTF-16 units and cuts off a password
 * that is not ASCII.
 */
export function saslMechanisms(
  username: string | undefined,
  password: string | undefined,
  certificate: boolean,
): Readonly<Record<string, () => SaslMechanism>> {
  if (username !== undefined && password !== undefined) {
    return answering("PLAIN", `\0${username}\0${password}`);
  }
  // No identity is asked for besides that of the certificate. ANONYMOUS would be less than what was meant.
  if (certificate) return answering("EXTERNAL", "");
  return answering("ANONYMOUS", username ?? "anonymous");
}

function answering(mechanism: string, text: string): Readonly<Record<string, () => SaslMechanism>> {
  const response = Buffer.from(text, "utf8");
  return { [mechanism]: () => ({ start: (respond) => respond(undefined, response) }) };
}
