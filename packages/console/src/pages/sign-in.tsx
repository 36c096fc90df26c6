/** Signing in: a token is pasted, or was in the address that opened the console. */
import { useSignal } from "@preact/signals";
import { send } from "../api/call.js";
import { Problem } from "../api/problem.js";
import { type Session, signedOutBecause, signIn } from "../api/session.js";
import { texts } from "../i18n/i18n.js";
import { TextField } from "../ui/fields.js";
import { Mark } from "../ui/icons.js";
import { ProblemNote } from "../ui/notes.js";
import { Page } from "../ui/page.js";
import { Preferences } from "../ui/shell.js";

/** Asks whose token it is. @throws Problem when it is not accepted. */
export async function readSession(token: string, signal?: AbortSignal): Promise<Session> {
  const response = await send("GET", "/console/v1/session", { as: token, signal });
  return (await response.json()) as Session;
}

export function SignInPage() {
  const { signIn: words } = texts.value;
  const problem = useSignal<Problem | undefined>(undefined);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("token");
    const pasted = String(given ?? "")
      .trim()
      .replace(/^bearer +/i, "");
    isBusy.value = true;
    problem.value = undefined;
    try {
      signIn(pasted, await readSession(pasted));
    } catch (error) {
      problem.value = error instanceof Problem ? error : new Problem(0, "", "");
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <div class="brand-row">
          <Mark />
          <span class="brand-name">Quittance</span>
        </div>
        <Page title={words.title}>
          {signedOutBecause.value === "expired" && <p class="note note-warn">{words.expired}</p>}
          <p class="muted">{words.lead}</p>
          <form onSubmit={submit}>
            <TextField label={words.token} name="token" type="password" value="" required hint={words.hint} />
            {problem.value !== undefined && <ProblemNote problem={problem.value} />}
            <button type="submit" class="primary wide" disabled={isBusy.value}>
              {words.submit}
            </button>
          </form>
        </Page>
        <Preferences />
      </div>
    </main>
  );
}
