/** Server-sent events, as the HTML standard has them (section 9.2), of a stream that `fetch` gives. */

/** One event. */
export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
  /** Where a client that lost its connection goes on; empty when no event has told one. */
  readonly id: string;
}

/** An event is a resource of the API: one that is much longer is none of ours. */
const MAXIMUM_CHARACTERS = 1_048_576;

/**
 * Gives the events of a stream; `onSign` is called for everything that comes, comments too.
 * @throws RangeError when an event is too long; what the stream does when its connection is lost.
 */
export async function* serverSentEvents(
  stream: ReadableStream<Uint8Array>,
  onSign: () => void,
): AsyncGenerator<ServerSentEvent, void> {
  const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let text = "";
  let id = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onSign();
      text += value.replaceAll("\r\n", "\n");
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const event = eventIn(text.slice(0, end), id);
        text = text.slice(end + 2);
        id = event.id;
        if (event.data !== "") yield event;
      }
      if (text.length > MAXIMUM_CHARACTERS) throw new RangeError("An event is too long.");
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function eventIn(block: string, lastId: string): ServerSentEvent {
  const data: string[] = [];
  let name = "message";
  let id = lastId;
  for (const line of block.split("\n")) {
    const [field = "", ...rest] = line.split(":");
    const value = rest.join(":").replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  }
  return { name, data: data.join("\n"), id };
}
