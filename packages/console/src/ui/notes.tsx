/** What stands where there is nothing to show: a failure with the next step, an empty list, a wait. */
import type { ComponentChildren } from "preact";
import type { Problem } from "../api/problem.js";
import type { Loaded } from "../api/use-load.js";
import { texts } from "../i18n/i18n.js";

/** One sentence, and what to do next. */
export function problemText(problem: Problem): string {
  const { problem: words } = texts.value;
  const detail = problem.message.trim().replace(/([^.!?])$/, "$1.");
  if (problem.status === 0 && detail === "") return words.unreachable;
  if (problem.status === 403) return words.scope(detail);
  if (problem.status === 404) return words.notFound(detail);
  if (problem.status === 429) return words.tooMany(detail);
  if (problem.status < 500 && problem.status > 0) return words.refused(detail);
  return detail === "" ? words.unreachable : words.failed(detail);
}

export function ProblemNote({ problem, onRetry }: { readonly problem: Problem; readonly onRetry?: () => void }) {
  return (
    <div class="note note-bad" role="alert">
      <p>{problemText(problem)}</p>
      {problem.traceId !== "" && (
        <p class="muted">
          {texts.value.problem.trace} <code>{problem.traceId}</code>
        </p>
      )}
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          {texts.value.common.tryAgain}
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Waiting() {
  return (
    <div class="waiting" role="status">
      <span class="visually-hidden">{texts.value.common.loading}</span>
      <span class="bone" aria-hidden="true" />
      <span class="bone" aria-hidden="true" />
      <span class="bone" aria-hidden="true" />
    </div>
  );
}

/** Shows what was loaded, or how far it is. */
export function Shown<Value>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<Value>;
  readonly children: (value: Value) => ComponentChildren;
}) {
  const { value, problem, reload } = loaded;
  return (
    <>
      {problem !== undefined && <ProblemNote problem={problem} onRetry={reload} />}
      {value !== undefined ? children(value) : problem === undefined && <Waiting />}
    </>
  );
}
