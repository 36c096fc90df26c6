/** The life of a service process: configuration, start, health, drain on SIGTERM, exit. */
import type { Connection } from "@quittance/sdk";
import type { z } from "zod";
import { brokerProblem } from "./broker-problem.js";
import { type Breakers, breakerChecks, observeBreakers } from "./circuit-breakers.js";
import { ConfigurationError, commonConfiguration, parseConfiguration, requireTls } from "./configuration.js";
import { connectBroker } from "./connect-broker.js";
import { type ReadinessCheck, serveHealth } from "./health.js";
import { observeKeyAges } from "./key-metrics.js";
import { KeyFiles, openKeyProvider, rereadKeys, withProvidedKeys } from "./key-provider.js";
import { createLogger, type Logger } from "./log.js";
import { breakersOf, type Steps, stepChecks } from "./step-checks.js";
import { startTelemetry } from "./telemetry.js";
import { openTls, type Tls } from "./tls.js";
import { observeCertificates } from "./tls-metrics.js";

/** A drain that takes longer than this is cut short: what is unfinished comes again. */
const DRAIN_TIMEOUT_MS = 8_000;
/** The process exits within this time of SIGTERM, whatever hangs. */
const EXIT_TIMEOUT_MS = 9_500;

type CommonShape = typeof commonConfiguration;

/** What a service gets to start with. */
export interface ServiceContext<S extends z.ZodRawShape> {
  readonly configuration: z.infer<z.ZodObject<S & CommonShape>>;
  readonly log: Logger;
  /** The certificates of the process. */
  readonly tls: Tls;
  /** Connected, and reconnecting by itself. Closed after `drain`. */
  readonly connection: Connection;
}

/** What a service returns once it works. */
export interface RunningService {
  /** Further readiness checks; the broker's is always there. */
  readonly checks?: Readonly<Record<string, ReadinessCheck>>;
  /** The service is ready only while their breakers are closed and their messages get through. */
  readonly steps?: Steps;
  /** Before what payments do not need: readiness names them, and does not depend on them. */
  readonly minorBreakers?: Breakers;
  /** Ports of its own, told to whoever started the process. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Stops taking work and finishes what is held, within `timeoutMs`; then frees what it opened. */
  drain(options: { readonly timeoutMs: number }): Promise<void>;
}

/** What a service process tells its parent over IPC once it is ready. */
export interface ServiceReadyMessage {
  readonly type: "ready";
  readonly health: number;
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * Runs a service until it is told to stop (SIGTERM, SIGINT, or the parent that started it over IPC is gone), then
 * drains it. Exit codes: 0 after a drain, 1 after a failure, 2 for a wrong configuration.
 */
export async function runService<S extends z.ZodRawShape>(definition: {
  readonly name: string;
  readonly configuration: S;
  start(context: ServiceContext<S>): Promise<RunningService>;
}): Promise<void> {
  const shape = { ...definition.configuration, ...commonConfiguration };
  const { configuration, common, log, tls, keys } = await orExit(definition.name, async () => {
    const provider = await openKeyProvider(process.env);
    const variables = Object.keys(definition.configuration);
    const environment = provider ? await withProvidedKeys(process.env, provider, variables) : process.env;
    const parsed = parseConfiguration(shape, environment);
    const settings = parsed as z.infer<z.ZodObject<CommonShape>>;
    await requireTls(settings, process.env);
    const logger = createLogger(definition.name, settings.LOG_LEVEL);
    return {
      configuration: parsed,
      common: settings,
      log: logger,
      tls: openTls({ settings, log: logger }),
      keys: provider ?? new KeyFiles(process.env),
    };
  });
  rereadKeys({ provider: keys, shape, configuration, log });
  const stopping = new AbortController();
  exitOnFatalErrors(log);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort(signal));
  process.on("disconnect", () => stopping.abort("parent gone"));

  try {
    const telemetry = await startTelemetry(definition.name, common);
    observeCertificates(tls);
    observeKeyAges(configuration);
    // Asked from the first moment on: a process that waits for the broker lives, and is not ready.
    const checks: Record<string, ReadinessCheck> = { broker: () => "not connected yet" };
    const minorChecks: Record<string, ReadinessCheck> = {};
    const health = await serveHealth({
      host: common.LISTEN_HOST,
      port: common.HEALTH_PORT,
      tls,
      checks,
      minorChecks,
      expose: telemetry.expose,
    });
    const connection = await connectPatiently(common.BROKER_URL, tls, log, stopping.signal);
    connection.onState((state) => log.info({ state: state.name }, "broker connection"));
    Object.assign(checks, { broker: () => brokerProblem(connection), start: () => "has not started yet" });
    const service = await definition.start({ configuration, log, tls, connection });
    const { steps = {}, minorBreakers = {} } = service;
    const breakers = breakersOf(steps);
    const held = stepChecks(steps);
    observeBreakers({ ...breakers, ...minorBreakers });
    delete checks.start;
    Object.assign(checks, service.checks, breakerChecks(breakers), held.checks);
    Object.assign(minorChecks, breakerChecks(minorBreakers), held.minorChecks);
    log.info({ health: health.port, ...service.ports }, "ready");
    process.send?.({ type: "ready", health: health.port, ports: service.ports ?? {} } satisfies ServiceReadyMessage);

    await aborted(stopping.signal);
    log.info({ reason: String(stopping.signal.reason) }, "draining");
    setTimeout(() => {
      log.error("the drain took too long: exiting with work unfinished, which comes again");
      process.exit(1);
    }, EXIT_TIMEOUT_MS).unref();
    await service.drain({ timeoutMs: DRAIN_TIMEOUT_MS });
    await connection.close();
    await health.close();
    await telemetry.close();
    log.info("stopped");
    process.exit(0);
  } catch (error) {
    if (stopping.signal.aborted) process.exit(0);
    log.fatal({ err: error }, "failed to run");
    process.exit(1);
  }
}

/** What `start` makes; a wrong configuration ends the process. */
async function orExit<T>(name: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(2);
  }
}

/** Connects for as long as it takes, telling why it waits: a broker that starts later is no reason to die. */
async function connectPatiently(url: string, tls: Tls, log: Logger, signal: AbortSignal): Promise<Connection> {
  for (let delayMs = 100; ; delayMs = Math.min(delayMs * 2, 2_000)) {
    try {
      return await connectBroker(url, tls, {
        signal,
        onError: ({ what, error: err }) => log.error({ err, what }, "unheard"),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ err: error, delayMs }, "no broker yet");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      signal.throwIfAborted();
    }
  }
}

function exitOnFatalErrors(log: Logger): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      process.exit(1);
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
