/** Tracing: register an OpenTelemetry tracer provider, and traces go with the messages; register none, and it is free. */
import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { connect, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";
import { z } from "zod";

// An application exports to its collector, usually by @opentelemetry/sdk-node; this one keeps the spans to print them.
const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
trace.setGlobalTracerProvider(provider);

await using broker = await startBroker();
await using connection = await connect(broker.url);
await using step = await connection.process({
  name: "greet",
  from: queue("names"),
  to: queue("greetings"),
  schema: z.object({ name: z.string() }),
  handle: (batch) => batch.map(({ body }) => ({ send: [{ message: { text: `Hello ${body.name}` } }] })),
});

// The trace context of the active span goes along by itself; a sender without OpenTelemetry names one.
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
await using producer = await connection.createProducer(queue("names"));
await producer.send({ json: { name: "Ada" }, traceparent });

await using greetings = await connection.createConsumer(queue("greetings"));
const greeting = await greetings.receive({ timeoutMs: 5_000 });
greeting?.accept();
console.log(greeting?.text);
await step.drain();
await provider.forceFlush();

const processed = exporter.getFinishedSpans().find((span) => span.name === "process names");
console.log(`span "${processed?.name}" in trace ${processed?.spanContext().traceId}`);
console.log(`linked to span ${processed?.links[0]?.context.spanId}`);
console.log(`the greeting goes on with it: ${greeting?.traceparent?.includes("0af7651916cd43dd8448eb211c80319c")}`);
