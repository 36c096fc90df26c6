/** What is said to the reader once: by a live region for screen readers, and as a note that goes by itself. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const SHOWN_MS = 6_000;
const said = signal("");

export function announce(text: string): void {
  said.value = text;
}

export function Announcements() {
  const text = said.value;
  useEffect(() => {
    if (text === "") return;
    const timer = setTimeout(() => {
      said.value = "";
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="toast" role="status" data-shown={text !== ""}>
      {text}
    </div>
  );
}
