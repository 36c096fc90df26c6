/** A state in words, with a colour that repeats what the words say. */

export type Tone = "good" | "bad" | "warn" | "info" | "quiet";

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

const TONES: Readonly<Record<string, Tone>> = {
  SUCCEEDED: "good",
  OPEN: "good",
  DELIVERED: "good",
  ENABLED: "good",
  DECLINED: "bad",
  GAVE_UP: "bad",
  FAILED: "warn",
  FROZEN: "info",
  AUTHORIZED: "info",
  PENDING: "warn",
  ACCEPTED: "warn",
};

/** The badge of a state of the API, by its short name. A state that is not known here is told as it came. */
export function StateBadge({
  state,
  names,
}: {
  readonly state: string;
  readonly names: Readonly<Record<string, string>>;
}) {
  return <Badge tone={TONES[state] ?? "quiet"}>{names[state] ?? state}</Badge>;
}
