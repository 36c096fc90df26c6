/** Puts the console together: the app, what only an operator's process can tell, and the way to the gateway. */
import { Authenticator } from "../../gateway/authenticator.js";
import { createHttpApp, drainHttp, listenHttp } from "../../gateway/http-app.js";
import { addRoutesStrictly } from "../../gateway/http-request-rules.js";
import { RefusedLogins } from "../../gateway/refused-logins.js";
import type { Logger } from "../../platform/log.js";
import { isLoopback } from "../../platform/plaintext.js";
import { openTls } from "../../platform/tls.js";
import type { OperatorConfiguration } from "../cli/operator-configuration.js";
import { unreadyServices } from "../cli/service-health.js";
import { addAppRoutes } from "./app-files.js";
import type { ConsoleSettings } from "./console-configuration.js";
import { consoleErrorOf } from "./console-error.js";
import { addConsoleRoutes } from "./console-routes.js";
import { createGatewayProxy } from "./gateway-proxy.js";
import { OperatorParts } from "./operator-parts.js";
import { OverviewLooks } from "./overview-looks.js";
import { requireOwnHost } from "./own-host.js";
import { lookByManagement, lookByMetrics } from "./queue-looks.js";

/** Connections at once; a browser makes six. */
const MAXIMUM_CONNECTIONS = 256;
const DRAIN_TIMEOUT_MS = 2_000;

export interface ConsoleServer {
  readonly port: number;
  /** Where a browser finds it, without a path. */
  readonly url: string;
  /** Takes no more calls, and closes what it opened. */
  close(): Promise<void>;
}

/** Serves the console until it is closed. @param configuration where database and broker are. */
export async function serveConsole(options: {
  readonly settings: ConsoleSettings;
  readonly configuration: OperatorConfiguration;
  readonly log: Logger;
  /** The folder of the built app [where `npm run build` puts it]. */
  readonly appFolder?: string;
}): Promise<ConsoleServer> {
  const { settings, configuration, log } = options;
  const stopping = new AbortController();
  const refused = new RefusedLogins(log);
  const authenticator = new Authenticator({ ...settings.authentication, onRefused: (one) => refused.tell(one) });
  const parts = new OperatorParts(configuration);
  const ca = async () => (await configuration.tls()).clientOptions().ca;
  const looks = new OverviewLooks({
    services: settings.services,
    ca,
    lookAtQueues:
      settings.brokerMetrics === undefined
        ? lookByManagement(parts.auditor)
        : lookByMetrics(settings.brokerMetrics, ca),
    onDatabase: (work) => parts.onDatabase(work),
  });
  const proxy = createGatewayProxy({ gateways: settings.gateways, tls: () => configuration.tls(), log });
  const tls = openTls({ settings: settings.tlsFiles, log });
  const { app, problemText } = createHttpApp({
    secure: { tls, clientAuth: "none" },
    maximumConnections: MAXIMUM_CONNECTIONS,
    log,
    errorOf: consoleErrorOf,
  });
  if (isLoopback(settings.host)) requireOwnHost(app, settings.hosts);
  addRoutesStrictly(app, () => {
    proxy.addRoutes(app);
    addConsoleRoutes(app, {
      ...{ authenticator, parts, looks, problemText, log },
      tracing: settings.tracing,
      unready: async () => unreadyServices(settings.services, await ca()),
      stopping: stopping.signal,
    });
    addAppRoutes(app, options.appFolder);
  });
  const port = await listenHttp(app, settings);
  const secure = tls.serverOptions() !== undefined;
  return {
    port,
    url: urlOf(settings.host, port, secure),
    close: async () => {
      stopping.abort();
      const drained = drainHttp(app, DRAIN_TIMEOUT_MS);
      proxy.close();
      await drained;
      await parts.close();
      tls.close();
    },
  };
}

/** A certificate bears the name of this machine, and need not bear its address. */
function urlOf(host: string, port: number, secure: boolean): string {
  const shown = secure && isLoopback(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${secure ? "https" : "http"}://${shown}:${port}`;
}
