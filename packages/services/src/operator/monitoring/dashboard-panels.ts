/** The panels that dashboards are made of. */

export interface Panel {
  readonly type: "row" | "stat" | "timeseries";
  readonly title: string;
  /** Of 24 columns, and in rows of Grafana's grid. */
  readonly w: number;
  readonly h: number;
  readonly datasource?: object;
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: object;
}

/** Chosen at the top of the dashboard. */
const SOURCE = { type: "prometheus", uid: "$datasource" };

/** A heading. */
export function row(title: string): Panel {
  return { type: "row", title, w: 24, h: 1 };
}

/** One number. `unit` is one of Grafana's. */
export function stat(title: string, unit: string, expression: string, legend: string): Panel {
  return { type: "stat", title, w: 4, h: 4, ...asked([[expression, legend]], unit) };
}

/** Lines over time: PromQL and the legend of each. */
export function timeseries(title: string, unit: string, queries: readonly (readonly [string, string])[]): Panel {
  return { type: "timeseries", title, w: 8, h: 8, ...asked(queries, unit) };
}

function asked(queries: readonly (readonly [string, string])[], unit: string) {
  return {
    datasource: SOURCE,
    targets: queries.map(([expr, legendFormat], place) => ({
      refId: String.fromCharCode(65 + place),
      expr,
      legendFormat,
      exemplar: true,
    })),
    fieldConfig: { defaults: { unit }, overrides: [] },
  };
}
