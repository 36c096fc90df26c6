/** One dead letter: why it is dead, what is in it, and what can be done with it. */
import { useLocation, useRoute } from "preact-iso";
import { changeLetter, readLetter, type WholeLetter } from "../api/dead-letters.js";
import { mayChange } from "../api/session.js";
import { useLoad } from "../api/use-load.js";
import { formatNumber, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { Change } from "../ui/change.js";
import { Shown } from "../ui/notes.js";
import { Facts, Page, Panel } from "../ui/page.js";
import { Table } from "../ui/table.js";
import { Id, Time } from "../ui/values.js";

export function DeadLetterPage() {
  const { id = "" } = useRoute().params;
  const { deadLetters: words } = texts.value;
  const loaded = useLoad(id, (signal) => readLetter(id, signal));
  const letter = loaded.value;
  return (
    <Page
      title={words.heading}
      back={{ href: LINKS.deadLetters(), name: words.title }}
      actions={letter && <Changes letter={letter} />}
    >
      <Shown loaded={loaded}>
        {(known) => (
          <div class="split">
            <div>
              <Panel title={words.why}>
                <div class="panel-body">
                  <p lang={known.reason === null ? undefined : "en"}>{known.reason ?? words.noReason}</p>
                  {known.errorClass !== null && <p class="muted">{known.errorClass}</p>}
                </div>
              </Panel>
              <Panel title={words.body}>
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
                <pre class="body" tabIndex={0}>
                  {readable(known.body)}
                </pre>
              </Panel>
              <Panel title={words.properties}>
                <Table
                  caption={words.propertiesCaption}
                  rows={Object.entries(known.properties)}
                  keyOf={([name]) => name}
                  columns={[
                    { heading: words.property, isHeading: true, cell: ([name]) => <code>{name}</code> },
                    { heading: words.value, cell: ([, value]) => <code>{value}</code> },
                  ]}
                />
              </Panel>
            </div>
            <div>
              <LetterFacts letter={known} />
            </div>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function LetterFacts({ letter }: { readonly letter: WholeLetter }) {
  const { deadLetters: words, payment, common } = texts.value;
  const { messageId, about } = letter;
  return (
    <Panel title={common.details}>
      <Facts
        facts={[
          messageId === null ? undefined : [common.id, <Id key="id" value={messageId} short />],
          [words.queue, <code key="queue">{letter.queue}</code>],
          about === null
            ? undefined
            : [
                words.about,
                about.startsWith("pay_") ? (
                  <a key="about" href={LINKS.payment(about)}>
                    <code>{about}</code>
                  </a>
                ) : (
                  <code key="about">{about}</code>
                ),
              ],
          [common.time, <Time key="time" value={letter.time} />],
          [words.processor, letter.processor ?? "–"],
          [words.attempts, letter.attempts === null ? "–" : formatNumber(letter.attempts)],
          [words.replays, formatNumber(letter.replays)],
          [words.priority, formatNumber(letter.priority)],
          letter.type === null ? undefined : [words.type, <code key="type">{letter.type}</code>],
          letter.trace === null ? undefined : [payment.trace, <Id key="trace" value={letter.trace} short />],
        ]}
      />
    </Panel>
  );
}

function Changes({ letter: { letter } }: { readonly letter: WholeLetter }) {
  const { route } = useLocation();
  const { deadLetters: words } = texts.value;
  if (!mayChange("operations:write")) return null;
  const change = (verb: "replay" | "discard", done: string) => async (entered: FormData) => {
    await changeLetter(letter, verb, String(entered.get("reason")));
    route(LINKS.deadLetters());
    return done;
  };
  return (
    <>
      <Change
        label={words.discard}
        title={words.discardTitle}
        text={words.discardText}
        reason="required"
        isDangerous
        onConfirm={change("discard", words.discarded)}
      />
      <Change
        label={words.replay}
        title={words.replayTitle}
        text={words.replayText}
        reason="required"
        onConfirm={change("replay", words.replayed)}
      />
    </>
  );
}

/** JSON in lines; another text as it is. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}
