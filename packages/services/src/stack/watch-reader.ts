/** Notices that whoever read our output has gone (`npm start | less`, and then q), also while nothing is written. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** How often to look for the reader while nothing is written. */
const LOOK_EVERY_MS = 1_000;
/** The access modes of open(2), the lowest two bits of a descriptor's flags. */
const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;

/**
 * Watches for the end of `stream`'s reader. It does not keep this process alive.
 * @returns a signal that is aborted when a write failed because nobody reads, or, for a pipe on Linux, when the process
 * that was seen to read it does so no more. Elsewhere the system tells nothing before the next write.
 */
export function watchReader(stream: NodeJS.WriteStream & { readonly fd?: number }): AbortSignal {
  const gone = new AbortController();
  const pipe = pipeOf(stream.fd);
  let reader: Reader | undefined;
  const timer = pipe === undefined ? undefined : setInterval(look, LOOK_EVERY_MS, pipe);
  timer?.unref();
  const end = () => {
    clearInterval(timer);
    gone.abort();
  };
  function look(name: string): void {
    if (reader !== undefined && isReader(reader, name)) return;
    const known = reader;
    reader = findReader(name);
    // A reader that was never seen may belong to another user, whose processes show nothing.
    if (known !== undefined && reader === undefined) end();
  }
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") end();
  });
  return gone.signal;
}

/** A descriptor of a process. */
interface Reader {
  readonly pid: string;
  readonly fd: string;
}

/** What Linux calls the pipe behind a descriptor of ours, for example `pipe:[4711]`; undefined when it is none. */
function pipeOf(fd: number | undefined): string | undefined {
  if (process.platform !== "linux" || fd === undefined) return undefined;
  const target = orElse(() => readlinkSync(`/proc/self/fd/${fd}`), "");
  return target.startsWith("pipe:") ? target : undefined;
}

function findReader(pipe: string): Reader | undefined {
  const pids = orElse(() => readdirSync("/proc"), []).filter((name) => /^[0-9]+$/.test(name));
  for (const pid of pids) {
    for (const fd of orElse(() => readdirSync(`/proc/${pid}/fd`), [])) {
      if (isReader({ pid, fd }, pipe)) return { pid, fd };
    }
  }
  return undefined;
}

function isReader({ pid, fd }: Reader, pipe: string): boolean {
  if (orElse(() => readlinkSync(`/proc/${pid}/fd/${fd}`), "") !== pipe) return false;
  const flags = orElse(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"), "");
  const mode = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(flags)?.[1] ?? "1", 8);
  return (mode & ACCESS_MODE) !== WRITE_ONLY;
}

/** Processes end, and those of others show nothing: neither is worth a report. */
function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
