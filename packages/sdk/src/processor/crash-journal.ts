/**
 * Finds the message that kills its process. The broker need not count the deliveries of a consumer that died (the embedded
 * broker and Classic do not, and Artemis does only now and then), so such a message would come back again and again.
 *
 * While nothing is suspicious the journal is one line, written at the start, that says "running": the hot path pays
 * nothing. A start that finds it there knows that the run before did not end cleanly. It then has messages
 * handled one by one, each noted before it is handled and when that has ended: a crash now leaves the name of the one
 * message that was in hand. Writes are not forced to the disk, because the system keeps what a dead process wrote.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import type { Reporter } from "../reporting.js";

/** {@link CrashJournalOptions} with every default filled in. */
export interface CrashJournalSettings {
  readonly directory: string;
  readonly maximumCrashes: number;
}

/** Messages that were in hand at a crash, each until it was handled; the oldest is forgotten first. */
const MAXIMUM_SUSPECTS = 1_000;
/** A higher priority may put others before the killer: each crash that names nobody doubles the look-out, so often. */
const MAXIMUM_DOUBLINGS = 4;

/** One line of the journal. */
type Line =
  | { readonly running: number }
  | { readonly suspect: string; readonly crashes: number }
  | { readonly handling: string }
  | { readonly handled: string }
  | { readonly closed: true };

export class CrashJournal {
  readonly #path: string;
  readonly #reporter: Pick<Reporter, "warn">;
  readonly #maximumCrashes: number;
  /** Crashes in a row by message. */
  readonly #suspects: Map<string, number>;
  /** Crashes in a row that named nobody. */
  readonly #nameless: number;
  /** Messages still to be handled one by one. */
  #lookOut: number;
  #file: number | undefined;

  private constructor(
    path: string,
    { maximumCrashes, window, reporter }: { maximumCrashes: number; window: number; reporter: Pick<Reporter, "warn"> },
    found: Found,
  ) {
    this.#path = path;
    this.#reporter = reporter;
    this.#maximumCrashes = maximumCrashes;
    this.#suspects = found.suspects;
    this.#nameless = found.nameless;
    this.#lookOut = found.unclean ? window * 2 ** Math.min(Math.max(found.nameless - 1, 0), MAXIMUM_DOUBLINGS) : 0;
    this.#compact();
  }

  /**
   * Reads what the run before left, and notes that this one runs.
   * @param window How many messages may have been in hand or under way at the crash.
   * @param reporter gets a warning where the journal cannot be written.
   * @throws MessagingError `invalid-argument` when the folder cannot be written.
   */
  static open(
    { directory, maximumCrashes }: CrashJournalSettings,
    name: string,
    window: number,
    reporter: Pick<Reporter, "warn">,
  ): CrashJournal {
    const path = join(directory, `${encodeURIComponent(name)}.crash-journal`);
    try {
      mkdirSync(directory, { recursive: true });
      return new CrashJournal(path, { maximumCrashes, window, reporter }, read(path));
    } catch (error) {
      throw new MessagingError(
        "invalid-argument",
        `Processor ${name}: crashJournal.directory cannot be used; name a folder that this process can write.`,
        { cause: error },
      );
    }
  }

  /** Whether any of these messages must be handled alone. Costs two comparisons when all is well. */
  suspects(messages: readonly Message[]): boolean {
    if (this.#lookOut > 0) return true;
    return this.#suspects.size > 0 && messages.some((message) => this.#suspects.has(identify(message)));
  }

  /** Crashes in a row with this message in hand. */
  crashesOf(message: Message): number {
    return this.#suspects.size === 0 ? 0 : (this.#suspects.get(identify(message)) ?? 0);
  }

  /** Whether the message has killed often enough. */
  isKiller(message: Message): boolean {
    return this.crashesOf(message) >= this.#maximumCrashes;
  }

  /** Notes that the message is about to be handled, alone. */
  handling(message: Message): void {
    this.#append({ handling: identify(message) });
  }

  /** Notes that the process has outlived the message, or that the message is set aside. */
  handled(message: Message): void {
    const id = identify(message);
    this.#suspects.delete(id);
    this.#append({ handled: id });
    if (this.#lookOut > 0) {
      this.#lookOut -= 1;
      if (this.#lookOut === 0) this.#tolerate(() => this.#compact());
    }
  }

  /** Notes a good end. Nothing is left behind when nobody is suspected. */
  close(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    this.#tolerate(() => {
      if (this.#suspects.size > 0) {
        writeSync(file, textOf({ closed: true }));
      }
      closeSync(file);
      if (this.#suspects.size === 0) unlinkSync(this.#path);
    });
  }

  /** Writes the journal again, whole or not at all, with what still matters. */
  #compact(): void {
    if (this.#file !== undefined) {
      closeSync(this.#file);
      this.#file = undefined;
    }
    const lines: Line[] = [{ running: this.#nameless }];
    for (const [suspect, crashes] of this.#suspects) {
      lines.push({ suspect, crashes });
    }
    const draft = `${this.#path}.new`;
    writeFileSync(draft, lines.map(textOf).join(""));
    renameSync(draft, this.#path);
    this.#file = openSync(this.#path, "a");
  }

  #append(line: Line): void {
    const file = this.#file;
    if (file !== undefined) this.#tolerate(() => writeSync(file, textOf(line)));
  }

  /** A full disk must not stop the queue: what cannot be noted is only not found. */
  #tolerate(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#reporter.warn(`The crash journal ${this.#path} cannot be written.`, error);
    }
  }
}

interface Found {
  readonly unclean: boolean;
  readonly nameless: number;
  readonly suspects: Map<string, number>;
}

function read(path: string): Found {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return { unclean: false, nameless: 0, suspects: new Map() };
    }
    throw error;
  }
  let unclean = true;
  let nameless = 0;
  const suspects = new Map<string, number>();
  const inHand = new Set<string>();
  for (const line of text.split("\n").map(parse)) {
    if (line === undefined) continue;
    if ("running" in line) nameless = line.running;
    else if ("suspect" in line) suspects.set(line.suspect, line.crashes);
    else if ("handling" in line) inHand.add(line.handling);
    else if ("handled" in line) {
      inHand.delete(line.handled);
      suspects.delete(line.handled);
    } else unclean = false;
  }
  if (!unclean) {
    return { unclean, nameless: 0, suspects };
  }
  for (const id of inHand) {
    const crashes = (suspects.get(id) ?? 0) + 1;
    // Named last, so that those of long ago are forgotten first.
    suspects.delete(id);
    suspects.set(id, crashes);
  }
  for (const id of suspects.keys()) {
    if (suspects.size <= MAXIMUM_SUSPECTS) break;
    suspects.delete(id);
  }
  return { unclean, nameless: inHand.size > 0 ? 0 : nameless + 1, suspects };
}

/** The last line of a run that died may be torn; it is as if it had not been written. */
function parse(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

/** The message id, or where the sender gave none, a digest of the content: what kills once kills again. */
function identify(message: Message): string {
  if (message.messageId !== undefined) return message.messageId;
  const content = message.text ?? message.bytes ?? "";
  return `sha256:${createHash("sha256")
    .update(content)
    .update(message.correlationId ?? "")
    .digest("hex")}`;
}
