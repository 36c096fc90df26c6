/** The few numbers that say whether all is well. */
import type { ComponentChildren } from "preact";
import { type Overview, rates } from "../../api/overview.js";
import { formatMoney, formatNumber, formatSeconds, texts } from "../../i18n/i18n.js";
import { LINKS } from "../../links.js";
import { Spark } from "./spark.js";

export function Tiles({ told }: { readonly told: Overview }) {
  const { overview: words } = texts.value;
  const { books, queues } = told;
  const payments = queues.find(({ name }) => name === "payment");
  const dead = sumOf(queues.map(({ deadLetters }) => deadLetters));
  const rate = payments?.enqueuedPerSecond ?? null;
  return (
    <dl class="tiles">
      <Tile name={words.paymentsPerSecond}>
        <span class="figure">{rate === null ? "–" : words.perSecond(formatNumber(rate))}</span>
        <Spark values={rates.value.payment ?? []} />
      </Tile>
      <Tile name={words.inFlight}>
        <span class="figure">{books.inFlight === null ? "–" : formatNumber(books.inFlight)}</span>
        {books.oldestInFlightSeconds !== null && (
          <span class="muted">
            {words.oldest.toLowerCase()} {formatSeconds(books.oldestInFlightSeconds)}
          </span>
        )}
      </Tile>
      <Tile name={words.deadLetters}>
        <a class={`figure ${dead !== null && dead > 0 ? "bad" : ""}`} href={LINKS.deadLetters()}>
          {dead === null ? "–" : formatNumber(dead)}
        </a>
      </Tile>
      <Tile name={words.drift}>
        <Drift drift={books.driftMinorUnits} />
      </Tile>
    </dl>
  );
}

function Tile({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What no entry explains, by currency. One unknown number makes the sum unknown. */
function Drift({ drift }: { readonly drift: Overview["books"]["driftMinorUnits"] }) {
  const { overview: words } = texts.value;
  if (drift === null) return <span class="figure">–</span>;
  const wrong = Object.entries(drift).filter(([, minorUnits]) => minorUnits !== "0");
  if (wrong.length === 0) {
    return (
      <>
        <span class="figure good">0</span>
        <span class="muted">{words.noDrift}</span>
      </>
    );
  }
  return (
    <span class="figure bad">
      {wrong.map(([currency, minorUnits]) => formatMoney(currency, minorUnits)).join(", ")}
    </span>
  );
}

function sumOf(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}
