/** What the operator's commands read: the environment first, as the services do, then what a running stack tells. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import {
  ConfigurationError,
  commonConfiguration,
  databaseConfiguration,
  parseConfiguration,
  requireTls,
  tlsConfiguration,
} from "../../platform/configuration.js";
import type { KeyRing } from "../../platform/key-ring.js";
import { type ClientTls, readClientTls } from "../../platform/tls.js";
import { cardConfiguration } from "../load-demo-bank.js";

/** What the operator's commands read from the environment; each command needs some of it. */
export const operatorConfiguration = {
  /** An operator who reads all schemas; the commands that change something need the right to write. */
  DATABASE_URL: databaseConfiguration.DATABASE_URL.optional(),
  /** With the broker's user `operator`, for the commands that replay or discard. */
  BROKER_URL: commonConfiguration.BROKER_URL.optional(),
  /** With the broker's user `auditor`, for the commands that only look. */
  BROKER_AUDITOR_URL: commonConfiguration.BROKER_URL.optional(),
  ...tlsConfiguration,
  /** Where the lists of keys are, a file for each. */
  KEYS_FOLDER: z.string().optional(),
  /** The folder of a stack that runs on this machine. */
  QUITTANCE_FOLDER: z.string().optional(),
};

/** What clients' cards are stored under. */
export type CardKeys = Readonly<Record<keyof typeof cardConfiguration, KeyRing>>;

/** `.quittance/run.json`, as far as the commands use it. */
const runFile = z.object({
  database: z.string(),
  broker: z.string(),
  auditor: z.string(),
  /** Of a stack with TLS: the file of the authority that certifies its servers. */
  authority: z.string().optional(),
  signer: z.object({ privateKey: z.looseObject({ kty: z.string() }), issuer: z.string(), audience: z.string() }),
  cardKeys: z.object({ CARD_FINGERPRINT_KEYS: z.string(), CARD_STORAGE_KEYS: z.string() }).optional(),
  keysFolder: z.string().optional(),
  services: z.array(z.object({ name: z.string(), pid: z.number(), health: z.string() })),
  gateways: z.array(z.object({ http: z.string() })).optional(),
  /** Of the embedded broker: where its queues are told as metrics. */
  brokerHealth: z.string().optional(),
});
export type RunningStack = z.infer<typeof runFile>;

/** Where a command finds what it works on. */
export interface OperatorConfiguration {
  readonly environment: NodeJS.ProcessEnv;
  /** @throws ConfigurationError when neither the environment nor a running stack tells it. */
  databaseUrl(): Promise<string>;
  /** To change something. @throws ConfigurationError as `databaseUrl`. */
  brokerUrl(): Promise<string>;
  /** To look into queues, and take nothing. @throws ConfigurationError as `databaseUrl`. */
  auditorUrl(): Promise<string>;
  /** The certificates for both. */
  tls(): Promise<ClientTls>;
  /** The keys of clients' cards. @throws ConfigurationError as `databaseUrl`. */
  cardKeys(): Promise<CardKeys>;
  /** Where the lists of keys are; undefined when nobody says. */
  keysFolder(): Promise<string | undefined>;
  /** That of `auditorUrl` where one is known. */
  knownAuditorUrl(): Promise<string | undefined>;
  /**
   * The stack that runs on this machine, when the environment names neither database nor broker: a stack beside those
   * of the environment is another installation.
   */
  runningStack(): Promise<RunningStack | undefined>;
}

/**
 * @param remark Told when something is taken from a running stack.
 * @param root The top of the repository, below which `.quittance` lies.
 */
export async function configurationOf(
  environment: NodeJS.ProcessEnv,
  root: string,
  remark: (sentence: string) => void,
): Promise<OperatorConfiguration> {
  const settings = parseConfiguration(operatorConfiguration, environment);
  await requireTls(settings, {});
  const path = resolve(root, settings.QUITTANCE_FOLDER ?? ".quittance", "run.json");
  let stack: Promise<RunningStack | undefined> | undefined;
  let told = false;
  const runningStack = async () => {
    const { DATABASE_URL, BROKER_URL, BROKER_AUDITOR_URL } = settings;
    if ([DATABASE_URL, BROKER_URL, BROKER_AUDITOR_URL].some((url) => url !== undefined)) return undefined;
    stack ??= readRunFile(path);
    const found = await stack;
    if (found !== undefined && !told) {
      told = true;
      remark("DATABASE_URL is not set: using the stack that npm start runs (run.json).");
    }
    return found;
  };
  const keysFolder = async () => settings.KEYS_FOLDER ?? (await runningStack())?.keysFolder;
  const knownAuditorUrl = async () =>
    settings.BROKER_AUDITOR_URL ?? settings.BROKER_URL ?? (await runningStack())?.auditor;
  return {
    environment,
    runningStack,
    knownAuditorUrl,
    tls: async () => readClientTls({ TLS_CA_FILE: (await runningStack())?.authority, ...settings }),
    keysFolder,
    cardKeys: async () => {
      const names = Object.keys(cardConfiguration);
      if (names.some((name) => environment[name] || environment[`${name}_FILE`])) {
        return parseConfiguration(cardConfiguration, environment);
      }
      const folder = await keysFolder();
      const files = folder && Object.fromEntries(names.map((name) => [`${name}_FILE`, resolve(folder, name)]));
      return parseConfiguration(cardConfiguration, files || ((await runningStack())?.cardKeys ?? environment));
    },
    brokerUrl: async () => {
      const url = settings.BROKER_URL ?? (await runningStack())?.broker;
      if (url !== undefined) return url;
      throw new ConfigurationError(
        "BROKER_URL is not set, and no stack runs here. Set it to amqp://operator:password@host:port, or run\nnpm start. See docs/operating/command-line.md.",
      );
    },
    auditorUrl: async () => {
      const url = await knownAuditorUrl();
      if (url !== undefined) return url;
      throw new ConfigurationError(
        "BROKER_AUDITOR_URL is not set, and no stack runs here. Set it to amqp://auditor:password@host:port, or run\nnpm start. See docs/operating/command-line.md.",
      );
    },
    databaseUrl: async () => {
      const url = settings.DATABASE_URL ?? (await runningStack())?.database;
      if (url !== undefined) return url;
      throw new ConfigurationError(
        "DATABASE_URL is not set, and no stack runs here. Set it to postgres://user:password@host:port/database, with a\nuser who reads all schemas, or run npm start. See docs/operating/command-line.md.",
      );
    },
  };
}

async function readRunFile(path: string): Promise<RunningStack | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return runFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new ConfigurationError(`${path} is not the file of a running stack. Remove it, or set DATABASE_URL.`, {
      cause,
    });
  }
}
