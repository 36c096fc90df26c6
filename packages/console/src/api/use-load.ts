/** What a page reads, and how far it is. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { isAbort, Problem } from "./problem.js";

/** What was read stays while it is read again. */
export interface Loaded<Value> {
  readonly value: Value | undefined;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  /** Reads it again. */
  reload(): void;
}

/** Reads by `load` when the page opens, and again when `key`, which says what it reads, changes. */
export function useLoad<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; problem?: Problem; isLoading: boolean }>({
    key,
    isLoading: true,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => (before.key === key ? { ...before, isLoading: true } : { key, isLoading: true }));
    load(controller.signal).then(
      (value) => !controller.signal.aborted && setState({ key, value, isLoading: false }),
      (error: unknown) => {
        if (isAbort(error) || controller.signal.aborted) return;
        const problem = error instanceof Problem ? error : new Problem(0, "", String(error));
        setState((before) => ({ ...before, problem, isLoading: false }));
      },
    );
    return () => controller.abort();
  }, [key, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    problem: isCurrent ? state.problem : undefined,
    isLoading: !isCurrent || state.isLoading,
    reload,
  };
}
