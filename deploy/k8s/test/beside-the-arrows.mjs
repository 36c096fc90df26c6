/** Connections that an overlay allows beside the arrows, each because an operator or a component needs it. */
const HEALTH = 8081;

export function besideTheArrows({ overlay, components, services }) {
  const own = services.filter((name) => name !== "outside");
  return [
    ...(overlay === "production" ? ofOperators(own) : []),
    ...(components.includes("tracing") ? own.map((from) => ({ from, to: "trace-collector", ports: [4318] })) : []),
    ...(components.includes("webhooks") ? [{ from: "notification", to: "internet", ports: [443] }] : []),
    ...(components.includes("email") ? [{ from: "notification", to: "internet", ports: [465, 587] }] : []),
  ];
}

function ofOperators(services) {
  return [
    ...services.map((to) => ({ from: "prometheus", to, ports: [HEALTH] })),
    { from: "prometheus", to: "broker", ports: [8888] },
    { from: "prometheus", to: "database", ports: [9187] },
    { from: "arkmq-operator", to: "broker", ports: [8778] },
    { from: "keda", to: "broker", ports: [8778] },
    { from: "cnpg-operator", to: "database", ports: [8000, 5432] },
    { from: "broker", to: "broker", ports: [8778] },
    { from: "broker", to: "dns", ports: [53] },
    { from: "database", to: "database", ports: [5432, 8000] },
    { from: "database", to: "dns", ports: [53] },
    // The API server and the store of backups have addresses, and no labels.
    ...["api-server", "internet", "private network"].map((to) => ({ from: "database", to, ports: [443, 6443] })),
  ];
}
