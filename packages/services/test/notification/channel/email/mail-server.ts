/** A real SMTP server for tests, with STARTTLS, and what it was handed. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import type { SmtpTarget } from "../../../../dist/notification/channel/email/smtp-target.js";
import { createLocalAuthority } from "../../../../dist/stack/local-authority.js";

const USER = "quittance";
const PASSWORD = "a password with ü and @";

/** An e-mail as it arrived. */
export interface ReceivedEmail {
  readonly from: string;
  readonly to: readonly string[];
  /** Whether the connection had TLS. */
  readonly secure: boolean;
  readonly raw: string;
}

/** What a reply says beside its text. */
export class SmtpRefusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

export interface MailServerOptions {
  /** Throws what is replied to RCPT TO [everything is taken]. */
  readonly onRecipient?: (address: string) => void;
  /** Throws what is replied once an e-mail is there, or lets it wait [everything is taken]. */
  readonly onEmail?: (email: ReceivedEmail) => Promise<void> | void;
  /** Whether it has STARTTLS [true]. */
  readonly startTls?: boolean;
  /** [a free one] */
  readonly port?: number;
  /** Keeps its certificate when it comes back [a new one]. */
  readonly certificate?: Certificate;
  /** The password that it takes. */
  readonly password?: string;
}

type Certificate = { readonly ca: string; readonly cert: string; readonly key: string };

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  /** As notification is configured for it. */
  readonly target: SmtpTarget;
  readonly certificate: Certificate;
  /** The authority of its certificate. */
  readonly tls: { clientOptions(): { readonly ca: string } };
  readonly received: readonly ReceivedEmail[];
  /** Takes no more connections, and cuts those that there are. */
  stop(): Promise<void>;
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { onRecipient, onEmail, startTls = true, port = 0, password = PASSWORD } = options;
  const received: ReceivedEmail[] = [];
  const certificate = options.certificate ?? (await issueCertificate());
  const server = new SMTPServer({
    ...{ key: certificate.key, cert: certificate.cert },
    // Hidden alone, it would be taken from a client that does not wait to be offered it.
    disabledCommands: startTls ? [] : ["STARTTLS"],
    allowInsecureAuth: !startTls,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: ({ username, password: given }, _session, done) => {
      if (username === USER && given === password) return done(null, { user: username });
      return done(new SmtpRefusal(535, "5.7.8 no"));
    },
    onRcptTo: ({ address }, _session, done) => settle(() => onRecipient?.(address), done),
    onData: (stream, { envelope, secure }, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const email = {
          from: envelope.mailFrom === false ? "" : envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          secure,
          raw: Buffer.concat(chunks).toString(),
        };
        received.push(email);
        settle(() => onEmail?.(email), done);
      });
    },
  });
  // A client that is killed in the middle.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve());
  });
  const address = server.server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
    });
    return stopped;
  };
  return {
    port: address.port,
    target: targetAt(address.port),
    certificate,
    tls: { clientOptions: () => ({ ca: certificate.ca }) },
    received,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** What takes connections and says nothing: not even a greeting. */
export interface SilentServer extends Pick<MailServer, "target" | "tls">, AsyncDisposable {
  /** How many connections it took. */
  readonly connections: number;
}

export async function startSilentServer(): Promise<SilentServer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { ca } = await createLocalAuthority();
  return {
    target: targetAt((server.address() as AddressInfo).port),
    tls: { clientOptions: () => ({ ca }) },
    get connections() {
      return sockets.length;
    },
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function targetAt(port: number): SmtpTarget {
  return {
    ...{ host: "localhost", port, implicitTls: false, requireTls: true },
    credentials: { user: USER, password: PASSWORD },
    from: { name: "Payments of the Übersee Bank", address: "payments@bank.example" },
  };
}

async function issueCertificate(): Promise<Certificate> {
  const authority = await createLocalAuthority();
  return { ca: authority.ca, ...(await authority.issue("localhost")) };
}

function settle(work: () => Promise<void> | void, done: (error?: Error | null) => void): void {
  Promise.try(work).then(
    () => done(),
    (error: Error) => done(error),
  );
}

/** The header of an e-mail, unfolded and decoded (RFC 2047). */
export function headerOf({ raw }: ReceivedEmail, name: string): string | undefined {
  const [head = ""] = raw.split("\r\n\r\n");
  const line = head
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n")
    .find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}: `));
  return line
    ?.slice(name.length + 2)
    .replaceAll(/\?= =\?/g, "?==?")
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_all, encoding: string, text: string) =>
      encoding.toLowerCase() === "b"
        ? Buffer.from(text, "base64").toString()
        : quotedPrintable(text.replaceAll("_", " ")),
    );
}

/** The part of an e-mail that has a type, decoded. */
export function partOf({ raw }: ReceivedEmail, type: string): string {
  const boundary = /boundary="([^"]+)"/.exec(raw)?.[1] ?? "";
  const part = raw.split(`--${boundary}`).find((one) => one.includes(`Content-Type: ${type}`)) ?? "";
  const [head = "", ...body] = part.split("\r\n\r\n");
  const text = body.join("\r\n\r\n").trim();
  if (/base64/i.test(head)) return Buffer.from(text, "base64").toString();
  return (/quoted-printable/i.test(head) ? quotedPrintable(text) : text).replaceAll("\r\n", "\n");
}

function quotedPrintable(text: string): string {
  const bytes = text
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
