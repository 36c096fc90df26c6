/** The certificates of a process: read at its start, watched, and used by all its doors and connections from then on. */
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
} from "node:tls";
import type { Logger } from "./log.js";
import { readTlsFiles, stateOfTlsFiles, type TlsFileSettings, type TlsFiles } from "./tls-files.js";

/** How often the files are looked at: a new certificate is used within this time. */
const LOOK_EVERY_MS = 5_000;
/** A peer that has not shaken hands by then is cut off. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3: Mozilla's intermediate set without DHE. */
const SUITES = {
  minVersion: "TLSv1.2",
  ciphers: [
    ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
    ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"],
    ...["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  ].join(":"),
  honorCipherOrder: true,
} as const satisfies SecureContextOptions;

/** Whether a door asks its callers for a certificate, by one of the authorities. */
export type ClientAuth = "none" | "optional" | "required";

/** How to connect to servers with TLS. */
export interface ClientTls {
  /** The authorities to trust, and the certificate to show when a server asks for one, as of now. */
  clientOptions(): { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The same as a context that is made once for each change of the files. */
  clientContext(): SecureContext;
}

export interface Tls extends ClientTls {
  /** The certificate and key to serve with; undefined when this process has none, and serves in plain text. */
  serverOptions(clientAuth?: ClientAuth): TlsOptions | undefined;
  /**
   * Sees to a server of `serverOptions` until it closes: whenever the files change, its certificate is replaced; a caller
   * whose certificate is not by one of the authorities is cut off, also where it need not have shown one.
   */
  serve(server: Server): void;
  /** When the certificates end, in milliseconds since 1970: that of this process, and the first of the authorities. */
  expiries(): { readonly own?: number; readonly authorities?: number };
  /** Watches no more. */
  close(): void;
}

/**
 * Reads the certificates and watches their files. A state of the files that cannot be used, for example a new certificate
 * whose key is not there yet, is told to `log` once, and the certificates of before stay in use.
 * @throws ConfigurationError when they cannot be used at the start.
 */
export function openTls(options: {
  readonly settings: TlsFileSettings;
  readonly log: Logger;
  /** [5,000] */
  readonly lookEveryMs?: number;
}): Tls {
  const { settings, log } = options;
  let state = stateOfTlsFiles(settings);
  let files = readTlsFiles(settings);
  let context: SecureContext | undefined;
  const servers = new Set<Server>();
  tellExpired(files, log);
  const watched = settings.TLS_CERT_FILE !== undefined || settings.TLS_CA_FILE !== undefined;
  const timer = watched ? setInterval(look, options.lookEveryMs ?? LOOK_EVERY_MS).unref() : undefined;

  function look(): void {
    const now = stateOfTlsFiles(settings);
    if (now === state) return;
    state = now;
    try {
      files = readTlsFiles(settings);
      context = undefined;
      for (const server of servers) server.setSecureContext(serverContext(files));
      log.info(expiryTimes(files), "certificates replaced: new connections have them");
      tellExpired(files, log);
    } catch (error) {
      log.error({ err: error }, "new certificates cannot be used: those of before stay in use");
    }
  }

  return {
    serverOptions: (clientAuth = "none") => {
      if (files.own === undefined) return undefined;
      const asks = clientAuth !== "none";
      return {
        ...serverContext(files),
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        requestCert: asks,
        // Where it is optional, Node would let a wrong one pass as if it were none: see `serve`.
        rejectUnauthorized: clientAuth === "required",
      };
    },
    serve: (server) => {
      servers.add(server);
      server.once("close", () => servers.delete(server));
      server.prependListener("secureConnection", (socket) => {
        if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy();
      });
    },
    clientOptions: () => pemOf(files),
    clientContext: () => {
      context ??= createSecureContext({ ...SUITES, ...pemOf(files) });
      return context;
    },
    expiries: () => ({
      ...(files.own && { own: files.own.expiresAtMs }),
      ...(files.authorities && { authorities: files.authorities.expiresAtMs }),
    }),
    close: () => clearInterval(timer),
  };
}

/**
 * The same for a process that lives too short a time to see its certificates change.
 * @throws ConfigurationError as `openTls`.
 */
export function readClientTls(settings: TlsFileSettings): ClientTls {
  const pem = pemOf(readTlsFiles(settings));
  let context: SecureContext | undefined;
  return {
    clientOptions: () => pem,
    clientContext: () => {
      context ??= createSecureContext({ ...SUITES, ...pem });
      return context;
    },
  };
}

function pemOf({ own, authorities }: TlsFiles): { ca?: string; cert?: string; key?: string } {
  return { ...(authorities && { ca: authorities.ca }), ...(own && { cert: own.cert, key: own.key }) };
}

function serverContext(files: TlsFiles): SecureContextOptions {
  return { ...SUITES, ...pemOf(files) };
}

function expiryTimes({ own, authorities }: TlsFiles): object {
  return {
    ...(own && { certificateEnds: new Date(own.expiresAtMs).toISOString() }),
    ...(authorities && { authoritiesEnd: new Date(authorities.expiresAtMs).toISOString() }),
  };
}

/** Nobody trusts an expired certificate; what needs none, as a log-in by password, still works, so it ends no start. */
function tellExpired(files: TlsFiles, log: Logger): void {
  const ends = [files.own?.expiresAtMs, files.authorities?.expiresAtMs];
  if (ends.some((end) => end !== undefined && end <= Date.now())) {
    log.error(expiryTimes(files), "a certificate has expired: peers refuse it");
  }
}
