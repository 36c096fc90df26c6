/** Streams of events of the HTTP door, as a client reads them. */
import { strayEventOf } from "./documented-answers.js";

/** One event of a stream, by its fields; its data as JSON. */
export interface ServerSentEvent {
  readonly id?: string;
  readonly event?: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the tests' own making, looked at field by field.
  readonly data: any;
}

/**
 * The events of an answer to GET of a path of the API.
 * @throws Error when an event is not as the OpenAPI document says.
 */
export async function* eventsOf(path: string, answer: Response): AsyncGenerator<ServerSentEvent, void> {
  for await (const event of readEvents(answer)) {
    const stray = strayEventOf(path, { ...event, data: JSON.stringify(event.data) });
    if (stray !== undefined) throw new Error(`${path} has an event that is not documented: ${stray}`);
    yield event;
  }
}

/** The events of any answer, without its comments and what it says of reconnecting. */
export async function* readEvents({ body }: Response): AsyncGenerator<ServerSentEvent, void> {
  let text = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = `${text}${chunk}`.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").filter((line) => !line.startsWith(":"));
      const { data, ...fields } = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (data === undefined) continue;
      yield { ...fields, data: JSON.parse(data) };
    }
  }
}

/** Collects the events of a stream; `ended` rejects when the connection breaks, and resolves when `close` leaves it. */
export function collect<Stream extends { readonly events: AsyncIterable<ServerSentEvent> }>(stream: Stream) {
  const told: ServerSentEvent[] = [];
  const ended = (async () => {
    for await (const event of stream.events) told.push(event);
  })().catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
  return { ...stream, told, ended };
}
