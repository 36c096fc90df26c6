/** A button that changes something: it asks first, for a reason where one is kept, and tells how it went. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { Problem } from "../api/problem.js";
import { texts } from "../i18n/i18n.js";
import { announce } from "./announce.js";
import { TextField } from "./fields.js";
import { ProblemNote } from "./notes.js";

export interface ChangeProps {
  /** What the button says. */
  readonly label: string;
  readonly title: string;
  /** What the change does. */
  readonly text: string;
  /** Whether it asks why. A reason that must be given is `required`. */
  readonly reason?: "required" | "optional";
  readonly isDangerous?: boolean;
  /** More fields. */
  readonly children?: ComponentChildren;
  /** Makes the change by what was entered, and gives the sentence that says what came of it. @throws Problem */
  readonly onConfirm: (entered: FormData) => Promise<string>;
}

export function Change({ label, title, text, reason, isDangerous = false, children, onConfirm }: ChangeProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const problem = useSignal<Problem | undefined>(undefined);
  const isBusy = useSignal(false);
  const { common } = texts.value;
  const tone = isDangerous ? "danger" : "primary";

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isBusy.value) return;
    isBusy.value = true;
    problem.value = undefined;
    try {
      const done = await onConfirm(new FormData(event.currentTarget as HTMLFormElement));
      dialog.current?.close();
      announce(done);
    } catch (error) {
      problem.value = error instanceof Problem ? error : new Problem(400, "", String((error as Error).message));
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <>
      <button
        type="button"
        class={isDangerous ? "danger-quiet" : undefined}
        onClick={() => {
          problem.value = undefined;
          dialog.current?.showModal();
        }}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={heading}>
        <form onSubmit={submit}>
          <h2 id={heading}>{title}</h2>
          <p class="muted">{text}</p>
          {children}
          {reason !== undefined && (
            <TextField
              label={common.reason}
              name="reason"
              value=""
              required={reason === "required"}
              maxLength={140}
              hint={common.reasonHint}
            />
          )}
          {problem.value !== undefined && <ProblemNote problem={problem.value} />}
          <div class="dialog-actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              {common.cancel}
            </button>
            <button type="submit" class={tone} disabled={isBusy.value}>
              {label}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
