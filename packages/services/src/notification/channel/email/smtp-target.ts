/** Where e-mail is handed over: the server, and as whom. */
import { z } from "zod";
import { ConfigurationError } from "../../../platform/configuration.js";
import { isLoopback, type PlaintextHop } from "../../../platform/plaintext.js";
import { type Mailbox, parseMailbox } from "./email-address.js";

/** RFC 6409 and RFC 8314: submission with STARTTLS, and with TLS from the first byte. */
const DEFAULT_PORTS = { "smtp:": 587, "smtps:": 465 } as const;

export interface SmtpTarget {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS. */
  readonly implicitTls: boolean;
  /** Whether nothing is sent over a connection without TLS. What the server offers is taken in any case. */
  readonly requireTls: boolean;
  /** Absent where the server knows us by our address. */
  readonly credentials?: { readonly user: string; readonly password: string };
  readonly from: Mailbox;
}

/** What is read from the environment. */
export const smtpConfiguration = {
  /** `smtp://user:password@host:port` (STARTTLS) or `smtps://…` (TLS from the first byte); unset for no e-mail. */
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: "must be an smtp:// or smtps:// URL" })
    .transform((text) => new URL(text))
    .refine(
      (url) => url.hostname !== "" && url.pathname.length <= 1 && url.search === "",
      "must name a host and a port alone",
    )
    .refine((url) => (url.username === "") === (url.password === ""), "must have a user with a password, or neither")
    .optional(),
  /** Whom e-mail is from, and where it bounces to. */
  EMAIL_FROM: z
    .string()
    .transform((text, context): Mailbox => {
      const mailbox = parseMailbox(text);
      if (mailbox === undefined)
        context.addIssue({ code: "custom", message: "must be `Name <address>` or an address" });
      return mailbox ?? { name: "", address: "" };
    })
    .optional(),
  /** After so long the e-mails that a process was handing over when it died are handed over by another. */
  EMAIL_LEASE_SECONDS: z.coerce.number().int().min(30).max(3_600).default(60),
};

/**
 * Where e-mail goes, or undefined when it goes nowhere.
 * @throws ConfigurationError for settings that do not go together.
 */
export function smtpTargetOf(settings: {
  readonly SMTP_URL?: URL | undefined;
  readonly EMAIL_FROM?: Mailbox | undefined;
  readonly ALLOW_PLAINTEXT: ReadonlySet<PlaintextHop>;
}): SmtpTarget | undefined {
  const { SMTP_URL: url, EMAIL_FROM: from, ALLOW_PLAINTEXT: allowed } = settings;
  if (url === undefined) return undefined;
  if (from === undefined)
    throw new ConfigurationError("SMTP_URL is set and EMAIL_FROM is not: an e-mail is from somebody.");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    host,
    port: Number(url.port) || DEFAULT_PORTS[url.protocol as keyof typeof DEFAULT_PORTS],
    implicitTls: url.protocol === "smtps:",
    requireTls: !isLoopback(host) && !allowed.has("smtp"),
    ...(url.username !== "" && {
      credentials: { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
    }),
    from,
  };
}
