/** Reads the metrics that our processes expose, in Prometheus' text format, as platform/prometheus-text.ts writes it. */

/** One sample. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by the name that they have in the text. */
export type MetricSamples = ReadonlyMap<string, readonly MetricSample[]>;

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of `names`; what else the text holds is passed over. */
export function readSamples(text: string, names: ReadonlySet<string>): MetricSamples {
  const samples = new Map<string, MetricSample[]>();
  for (const line of text.split("\n")) {
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    if (!names.has(name)) continue;
    const known = samples.get(name) ?? [];
    known.push({ labels: readLabels(labels), value: Number(value.replace("Inf", "Infinity")) });
    samples.set(name, known);
  }
  return samples;
}

function readLabels(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [name, value.replace(/\\(.)/g, unescaped)]),
  );
}

function unescaped(_escape: string, character: string): string {
  return character === "n" ? "\n" : character;
}
