/** Faults planted in the manifests of the local overlay, to see that this test can fail. */

import { join } from "node:path";
import { apply, createPods, podTemplates, remove, render } from "./overlays.mjs";
import { networkOf } from "./try-variant.mjs";

/** Each changes the rendered text, or adds to it, and names what must notice. */
const FAULTS = [
  {
    what: "a policy is missing",
    plant: (text) => without(text, "gateway-to-broker-egress"),
    noticedBy: "network",
  },
  {
    what: "nothing is denied any more",
    plant: (text) => without(text, "deny-all"),
    noticedBy: "network",
  },
  {
    what: "a policy lets the gateway at the database",
    plant: (text) => text + extraPolicy("gateway", "database", 5432),
    noticedBy: "network",
  },
  {
    what: "a policy opens another port of the broker",
    plant: (text) => text + extraPolicy("gateway", "broker", 8161),
    noticedBy: "network",
  },
  {
    what: "a pod runs as root",
    plant: (text) => text.replaceAll("runAsUser: 65532", "runAsUser: 0"),
    noticedBy: "warnings",
  },
  {
    what: "a container keeps its capabilities",
    plant: (text) => text.replace(/ +capabilities:\n +drop:\n +- ALL\n/, ""),
    noticedBy: "pods",
  },
  {
    what: "a field is misspelt",
    plant: (text) => text.replace("terminationGracePeriodSeconds", "terminationGracePeriodSecond"),
    noticedBy: "refusal",
  },
];

/** Plants each, and looks whether the check that is there for it says so. */
export async function tryFaults(context) {
  const { cluster, check, k8s } = context;
  const { manifests } = await render(cluster, join(k8s, "overlays/local"));
  for (const { what, plant, noticedBy } of FAULTS) {
    const broken = plant(manifests);
    if (broken === manifests) throw new Error(`The fault "${what}" changes nothing.`);
    let noticed;
    try {
      noticed = await notices(context, noticedBy, broken);
    } finally {
      await remove(cluster, manifests);
      await remove(cluster, broken).catch(() => undefined);
    }
    check(`a planted fault is noticed: ${what}`, noticed);
  }
}

async function notices(context, check, manifests) {
  const { cluster } = context;
  if (check === "refusal") {
    return apply(cluster, manifests).then(
      () => false,
      (error) => /unknown field|field not declared/.test(error.message),
    );
  }
  const { warnings } = await apply(cluster, manifests);
  if (check === "warnings") return warnings.length > 0;
  if (check === "pods") return (await createPods(cluster, await podTemplates(cluster))).length > 0;
  return (await networkOf(context, { overlay: "local", components: [] })).wrong.length > 0;
}

/** The text without the document of a NetworkPolicy. */
function without(text, name) {
  return text
    .split(/^---\n/m)
    .filter((document) => !(/^kind: NetworkPolicy$/m.test(document) && document.includes(`\n  name: ${name}\n`)))
    .join("---\n");
}

function extraPolicy(from, to, port) {
  const selector = (name) => ({ matchLabels: { "app.kubernetes.io/name": name } });
  const policy = (name, spec) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "quittance" },
    spec,
  });
  const ports = [{ protocol: "TCP", port }];
  return [
    policy("extra-egress", {
      podSelector: selector(from),
      policyTypes: ["Egress"],
      egress: [{ to: [{ podSelector: selector(to) }], ports }],
    }),
    policy("extra-ingress", {
      podSelector: selector(to),
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: selector(from) }], ports }],
    }),
  ]
    .map((document) => `---\n${JSON.stringify(document)}\n`)
    .join("");
}
