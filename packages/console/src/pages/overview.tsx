/** What runs now: the flow of payments over services and queues, their figures, and the books. */
import { liveness, overview, overviewProblem, useOverview } from "../api/overview.js";
import { formatClock, texts } from "../i18n/i18n.js";
import { Badge } from "../ui/badge.js";
import { ProblemNote, Waiting } from "../ui/notes.js";
import { Page, Panel } from "../ui/page.js";
import { BooksPanel } from "./overview/books.js";
import { Flow } from "./overview/flow.js";
import { Queues } from "./overview/queues.js";
import { Services } from "./overview/services.js";
import { Tiles } from "./overview/tiles.js";

export function OverviewPage() {
  useOverview();
  const { overview: words } = texts.value;
  const told = overview.value;
  const problem = overviewProblem.value;
  return (
    <Page title={words.title} actions={<Live />}>
      {problem !== undefined && <ProblemNote problem={problem} />}
      {told === undefined ? (
        problem === undefined && <Waiting />
      ) : (
        <>
          {told.problems.map(({ part, detail }) => (
            <p key={part} class="note note-warn" lang="en">
              {detail}
            </p>
          ))}
          <Tiles told={told} />
          <Panel title={words.flow}>
            <Flow told={told} />
          </Panel>
          <Panel title={words.queues}>
            <Queues queues={told.queues} />
          </Panel>
          <Panel title={words.services}>
            <Services services={told.services} />
          </Panel>
          <BooksPanel />
        </>
      )}
    </Page>
  );
}

function Live() {
  const { overview: words } = texts.value;
  const state = liveness.value;
  const time = overview.value?.time;
  return (
    <p class="live">
      {time !== undefined && <span class="muted number">{words.updated(formatClock(time))}</span>}
      <span role="status">
        <Badge tone={state === "live" ? "good" : "warn"}>{words[state]}</Badge>
      </span>
    </p>
  );
}
