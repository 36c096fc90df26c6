/** Dead letters: what an operator's process shows of them, and what it does with them. */
import type { LetterView } from "../../../services/dist/operator/cli/letter-view.js";
import type { LetterPage } from "../../../services/dist/operator/console/letter-pages.js";
import { queryText, request } from "./call.js";

export type Letters = LetterPage;
export type Letter = LetterPage["letters"][number];
export type WholeLetter = LetterView & { readonly letter: string };

const PATH = "/console/v1/deadLetters";

/** @throws Problem */
export function readLetters(query: object, signal: AbortSignal): Promise<Letters> {
  return request("GET", `${PATH}${queryText(query)}`, { signal });
}

/** @throws Problem */
export function readLetter(letter: string, signal: AbortSignal): Promise<WholeLetter> {
  return request("GET", `${PATH}/${encodeURIComponent(letter)}`, { signal });
}

/** Replays or discards a letter; the reason is recorded. @throws Problem */
export async function changeLetter(letter: string, verb: "replay" | "discard", reason: string): Promise<void> {
  await request("POST", `${PATH}/${encodeURIComponent(letter)}:${verb}`, { body: { reason } });
}
