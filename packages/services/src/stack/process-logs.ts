/** The log files of the stack's processes, and what of them is worth showing on the terminal. */
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";

/** A line that somebody at the terminal should see. */
export interface Complaint {
  readonly process: string;
  readonly level: "warn" | "error";
  readonly text: string;
}

export interface ProcessLogs {
  /** Takes a piece of a process's output. */
  write(process: string, chunk: Buffer, stream: "stdout" | "stderr"): void;
  close(): Promise<void>;
}

/** The same complaint of the same process is shown once in this time: a broker that is away is reported many times. */
const REPEAT_AFTER_MS = 10_000;
/** Remembered complaints; beyond it the oldest is forgotten, and may be shown again early. */
const MAXIMUM_REMEMBERED = 200;
/** An unfinished line longer than this is cut: nobody reads it on a terminal. */
const MAXIMUM_LINE = 16_384;

/**
 * Opens `<folder>/<process>.log` for each process; the file of the start before becomes `<process>.log.1`, replacing
 * the one before that.
 */
export async function openProcessLogs(options: {
  readonly folder: string;
  readonly processes: readonly string[];
  readonly onComplaint: (complaint: Complaint) => void;
}): Promise<ProcessLogs> {
  await mkdir(options.folder, { recursive: true });
  const files = new Map<string, WriteStream>();
  for (const name of options.processes) {
    const path = join(options.folder, `${name}.log`);
    await rename(path, `${path}.1`).catch(() => undefined);
    // Logs hold no card numbers, but they are nobody else's business.
    files.set(
      name,
      createWriteStream(path, { mode: 0o600 }).on("error", () => undefined),
    );
  }
  const shown = new Map<string, number>();
  const unfinished = new Map<string, string>();

  function complain(complaint: Complaint): void {
    const key = `${complaint.process} ${complaint.text}`;
    const now = Date.now();
    if (now - (shown.get(key) ?? 0) < REPEAT_AFTER_MS) return;
    shown.delete(key);
    shown.set(key, now);
    if (shown.size > MAXIMUM_REMEMBERED) shown.delete(shown.keys().next().value as string);
    options.onComplaint(complaint);
  }

  return {
    write: (name, chunk, stream) => {
      files.get(name)?.write(chunk);
      const key = `${name} ${stream}`;
      // Under load nearly every piece holds only lines of level info: they are not even decoded.
      if (stream === "stdout" && !unfinished.has(key) && !mayComplain(chunk) && chunk.at(-1) === NEWLINE) return;
      const lines = `${unfinished.get(key) ?? ""}${chunk.toString("utf8")}`.split("\n");
      const rest = lines.pop() ?? "";
      if (rest) unfinished.set(key, rest.slice(0, MAXIMUM_LINE));
      else unfinished.delete(key);
      for (const line of lines) {
        const complaint = readComplaint(name, line, stream);
        if (complaint) complain(complaint);
      }
    },
    close: async () => {
      await Promise.all([...files.values()].map((file) => new Promise<void>((resolve) => file.end(() => resolve()))));
    },
  };
}

const NEWLINE = 0x0a;
const COMPLAINING = ['"level":"warn"', '"level":"error"', '"level":"fatal"'];

function mayComplain(chunk: Buffer): boolean {
  return COMPLAINING.some((text) => chunk.includes(text));
}

/** What is worth showing of one line: pino's JSON from warn upwards, and whatever comes on standard error. */
function readComplaint(process: string, line: string, stream: "stdout" | "stderr"): Complaint | undefined {
  if (line.trim() === "") return undefined;
  if (!line.startsWith("{")) return stream === "stderr" ? { process, level: "error", text: line } : undefined;
  try {
    const entry = JSON.parse(line) as { level?: string; msg?: string; err?: { message?: string }; reason?: string };
    if (entry.level !== "warn" && entry.level !== "error" && entry.level !== "fatal") return undefined;
    const because = entry.err?.message ?? entry.reason;
    return {
      process,
      level: entry.level === "warn" ? "warn" : "error",
      text: because === undefined ? (entry.msg ?? line) : `${entry.msg ?? "failed"}: ${because}`,
    };
  } catch {
    return undefined;
  }
}
