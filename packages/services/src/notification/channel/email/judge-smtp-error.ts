/** What an attempt's failure means: for the address, for the e-mail, or for the server. */
import type { MailResult } from "./outgoing-email.js";

/** What nodemailer says of a failure. */
interface SmtpError {
  /** Nodemailer's own, for example `ECONNECTION`. */
  readonly code?: string;
  /** The reply's, for example 550. */
  readonly responseCode?: number;
  /** The command that was replied to. */
  readonly command?: string;
  /** The last line of the reply. */
  readonly response?: string;
}

/** An enhanced status code (RFC 3463): class, subject, detail. */
const ENHANCED = /^\d{3}[ -]([245])\.(\d{1,3})\.(\d{1,3})(?!\d)/;
/** Its subjects that are about the mailbox: 1, the address; 2, its state. 5.7 is policy, about whoever sends. */
const ABOUT_MAILBOX = new Set(["1", "2"]);

/** @param error what nodemailer rejected with. */
export function judgeSmtpError(error: unknown, timeoutMs: number): MailResult {
  if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError")) {
    return { kind: "failed", reason: `no answer within ${timeoutMs} ms` };
  }
  const { code, responseCode = 0, command, response = "" } = error as SmtpError;
  const enhanced = ENHANCED.exec(response);
  const status = enhanced === null ? `${responseCode}` : `${responseCode} ${enhanced.slice(1).join(".")}`;
  const isOfEmail = command === "RCPT TO" || command === "DATA";
  // 421: the server ends the session, whatever it was asked.
  if (!isOfEmail || responseCode < 400 || responseCode === 421) {
    const reason = responseCode === 0 ? (code ?? "unknown") : `SMTP status ${status} to ${command ?? "the connection"}`;
    return { kind: "failed", reason };
  }
  const reason = `SMTP status ${status} to ${command}`;
  if (responseCode < 500) return { kind: "deferred", reason };
  const isOfAddress = command === "RCPT TO" && (enhanced === null || ABOUT_MAILBOX.has(enhanced[2] ?? ""));
  return { kind: isOfAddress ? "refused" : "rejected", reason };
}
