/** Times that run out, judged fairly: by what has arrived, and not by what was read of it. */

/**
 * Calls `passed` when so many milliseconds are over and what has arrived by then has been read. An event loop that was
 * busy for longer runs its timers first: judged then, an answer that came in time would be too late.
 * @returns what takes the deadline back
 */
export function startDeadline(milliseconds: number, passed: () => void): () => void {
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    reading = afterReading(passed);
  }, milliseconds);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
}

/** Calls back once this turn of the event loop has read what its sockets have. */
export function afterReading(callback: () => void): NodeJS.Immediate {
  // Immediates follow the polling of sockets, which follows the timers.
  return setImmediate(callback);
}
