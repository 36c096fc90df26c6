/** Hands e-mail over to a server by SMTP: over connections that are kept, with TLS, within limits of time. */
import { createHash } from "node:crypto";
import { rootCertificates } from "node:tls";
import { createTransport, type SendMailOptions } from "nodemailer";
import type { ClientTls } from "../../../platform/tls.js";
import { judgeSmtpError } from "./judge-smtp-error.js";
import type { MailResult, OutgoingEmail } from "./outgoing-email.js";
import type { SmtpTarget } from "./smtp-target.js";

/** From the first packet, or from the connection that was kept, to the server's word on the e-mail. */
const DEFAULT_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Connections that are kept, each for this many e-mails and this long without one: servers close them sooner or later. */
export const SMTP_CONNECTIONS = 4;
const EMAILS_PER_CONNECTION = 100;
const IDLE_TIMEOUT_MS = 30_000;

export interface Mailer {
  /** Never rejects. */
  send(email: OutgoingEmail): Promise<MailResult>;
  /** Closes the connections that are kept, and those that are at work. */
  close(): void;
}

export interface MailerOptions {
  readonly target: SmtpTarget;
  /** The authorities to trust, beside those that Node does: a mail server is one of the internet's as often as the installation's. */
  readonly tls?: Pick<ClientTls, "clientOptions"> | undefined;
  /** [15,000] */
  readonly timeoutMs?: number | undefined;
}

export function openMailer({ target, tls, timeoutMs = DEFAULT_TIMEOUT_MS }: MailerOptions): Mailer {
  let authorities = tls?.clientOptions().ca;
  let transport = openTransport(target, authorities);

  /** With other authorities, new connections. */
  function current(): ReturnType<typeof openTransport> {
    const now = tls?.clientOptions().ca;
    if (now !== authorities) {
      transport.close();
      authorities = now;
      transport = openTransport(target, authorities);
    }
    return transport;
  }

  return {
    async send(email) {
      try {
        await current().sendMail({ ...messageOf(email, target), signal: AbortSignal.timeout(timeoutMs) });
        return { kind: "delivered" };
      } catch (error) {
        return judgeSmtpError(error, timeoutMs);
      }
    },
    close: () => transport.close({ force: true }),
  };
}

/**
 * Names the e-mail: the same at each attempt and whoever makes it, so that an e-mail that came twice is known as one. It
 * reveals nothing about what it is made from.
 */
export function messageIdOf({ about, to }: Pick<OutgoingEmail, "about" | "to">, from: string): string {
  const name = createHash("sha256")
    .update(JSON.stringify([about, to]))
    .digest("hex")
    .slice(0, 40);
  return `<${name}@${from.slice(from.lastIndexOf("@") + 1)}>`;
}

function openTransport(target: SmtpTarget, ca: string | undefined) {
  const { host, port, implicitTls, requireTls, credentials } = target;
  return createTransport({
    pool: true,
    maxConnections: SMTP_CONNECTIONS,
    maxMessages: EMAILS_PER_CONNECTION,
    idleTimeout: IDLE_TIMEOUT_MS,
    // An attempt is one attempt: what breaks in the middle may have been taken, and is for the table to try again.
    maxRequeues: 0,
    host,
    port,
    secure: implicitTls,
    requireTLS: requireTls,
    ...(credentials && { auth: { user: credentials.user, pass: credentials.password } }),
    tls: { minVersion: "TLSv1.2", ...(ca !== undefined && { ca: [...rootCertificates, ca] }) },
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: IDLE_TIMEOUT_MS * 2,
    // A text names no file and no address that would be read into it.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function messageOf(
  { to, about, subject, body, htmlBody, language, time }: OutgoingEmail,
  { from }: SmtpTarget,
): SendMailOptions {
  return {
    from: { name: from.name, address: from.address },
    to: { name: "", address: to },
    envelope: { from: from.address, to },
    subject,
    text: body,
    html: htmlBody,
    date: time,
    messageId: messageIdOf({ about, to }, from.address),
    headers: {
      "Content-Language": language,
      // RFC 3834: nobody's holiday notice answers it.
      "Auto-Submitted": "auto-generated",
    },
  };
}
