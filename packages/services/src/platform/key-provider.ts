/**
 * Where lists of keys come from: variables and the files that they name, or a key management service. What can change
 * while a process runs is read again, so that a key is changed without a restart.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { z } from "zod";
import { ConfigurationError } from "./configuration.js";
import type { Logger } from "./log.js";

/** A source of lists of keys. A key management service is one that decrypts, or hands out, what it keeps. */
export interface KeyProvider {
  /**
   * The list of a variable, for example `CARD_SEALING_KEYS`, as the variable would hold it; undefined when this source
   * has none. It is asked at the start and then every `readEveryMs`; what it rejects with is logged, and the keys of
   * before stay in use.
   */
  read(variable: string): Promise<string | undefined>;
  /** How often the lists are read again, in milliseconds. */
  readonly readEveryMs: number;
}

/** What a module that `KEY_PROVIDER` names exports by default: makes its provider from the environment. */
export type OpenKeyProvider = (environment: NodeJS.ProcessEnv) => KeyProvider | Promise<KeyProvider>;

/** A value of the configuration whose content can be replaced by that of another one. */
export interface Rereadable {
  become(other: this): void;
}

/** A key that was put into a file is accepted, or used, within this time. */
export const KEY_FILES_READ_EVERY_MS = 2_000;

/** The files that variables `X_FILE` name: a Secret that is mounted, or what an agent of a vault writes. */
export class KeyFiles implements KeyProvider {
  readonly readEveryMs: number;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv, readEveryMs = KEY_FILES_READ_EVERY_MS) {
    this.#environment = environment;
    this.readEveryMs = readEveryMs;
  }

  async read(variable: string): Promise<string | undefined> {
    const path = this.#environment[`${variable}_FILE`];
    if (path === undefined || path === "") return undefined;
    return (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  }
}

/** The provider that `KEY_PROVIDER` names: undefined without it. @throws ConfigurationError when it cannot be had. */
export async function openKeyProvider(environment: NodeJS.ProcessEnv): Promise<KeyProvider | undefined> {
  const path = environment.KEY_PROVIDER;
  if (path === undefined || path === "") return undefined;
  try {
    const { default: open } = (await import(pathToFileURL(resolve(path)).href)) as { default: OpenKeyProvider };
    return await open(environment);
  } catch (error) {
    throw new ConfigurationError(`KEY_PROVIDER: ${path} gives no keys (${(error as Error).message}).`, {
      cause: error,
    });
  }
}

/** The environment with the lists that a provider has: they take the place of variables and files of that name. */
export async function withProvidedKeys(
  environment: NodeJS.ProcessEnv,
  provider: KeyProvider,
  variables: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  const provided = { ...environment };
  for (const variable of variables) {
    const text = await provider.read(variable).catch((error: unknown) => {
      throw new ConfigurationError(`KEY_PROVIDER: ${variable} cannot be read (${(error as Error).message}).`);
    });
    if (text === undefined) continue;
    provided[variable] = text;
    delete provided[`${variable}_FILE`];
  }
  return provided;
}

/**
 * Reads the lists of keys again for as long as the process lives. One that cannot be read, or is none, is told to `log`
 * once, and the keys of before stay in use.
 * @returns what ends it.
 */
export function rereadKeys(options: {
  readonly provider: KeyProvider;
  readonly shape: z.ZodRawShape;
  /** What `shape` was parsed to: its lists change in place. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly log: Pick<Logger, "info" | "error">;
}): { close(): void } {
  const { provider, shape, configuration, log } = options;
  const lists = Object.entries(configuration).filter((entry): entry is [string, Rereadable] => isRereadable(entry[1]));
  /** What was said of each last, so that it is said once. */
  const seen = new Map<string, string>();
  let reading = false;

  async function look(): Promise<void> {
    for (const [variable, list] of lists) {
      let text: string | undefined;
      try {
        text = await provider.read(variable);
      } catch (error) {
        tellOnce(variable, `failed: ${(error as Error).message}`, () =>
          log.error({ err: error, variable }, "keys cannot be read again: those of before stay in use"),
        );
        continue;
      }
      if (text === undefined) continue;
      tellOnce(variable, text, (before) => use(variable, list, text, before));
    }
  }

  function use(variable: string, list: Rereadable, text: string, before: string | undefined): void {
    const parsed = (shape[variable] as z.ZodType<Rereadable>).safeParse(text);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      log.error({ variable, problem: issue?.message }, "new keys cannot be used: those of before stay in use");
      return;
    }
    list.become(parsed.data);
    // The first time they are those of the start, unless they changed in between.
    if (before !== undefined) log.info({ variable }, "keys replaced");
  }

  function tellOnce(variable: string, what: string, tell: (before: string | undefined) => void): void {
    const before = seen.get(variable);
    if (before === what) return;
    seen.set(variable, what);
    tell(before);
  }

  const read = () => {
    if (reading) return;
    reading = true;
    void look().finally(() => {
      reading = false;
    });
  };
  if (lists.length === 0) return { close: () => undefined };
  read();
  const timer = setInterval(read, provider.readEveryMs).unref();
  return { close: () => clearInterval(timer) };
}

function isRereadable(value: unknown): value is Rereadable {
  return typeof value === "object" && value !== null && "become" in value && typeof value.become === "function";
}
