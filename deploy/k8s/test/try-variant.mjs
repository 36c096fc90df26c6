/** One overlay, alone or with components, from its rendering to its removal. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { localSecrets } from "../local-secrets.mjs";
import { besideTheArrows } from "./beside-the-arrows.mjs";
import { lint, promtool } from "./linters.mjs";
import { endsOf, expectedConnections, tryPairs } from "./network-pairs.mjs";
import { apply, createPods, inventory, podTemplates, remove, render, variant } from "./overlays.mjs";
import { referencesWithoutObject } from "./references.mjs";
import { accounts, tryRights } from "./rights.mjs";

/** @returns the exceptions that covered a finding of a linter */
export async function tryVariant(context, { overlay, components, lints }) {
  const { cluster, check, progress } = context;
  const name = components.length === 0 ? overlay : `${overlay} with ${components.join(", ")}`;
  progress(`${name}`);
  const place = await variant({ ...context, overlay, components });
  const { manifests, warnings } = await render(cluster, place);
  check(`${name}: kustomize renders it without a warning`, warnings.length === 0, warnings.join("; "));
  const before = await inventory(cluster);
  const secrets = overlay === "local" ? JSON.stringify(await localSecrets()) : undefined;
  try {
    await applyInOrder(context, name, manifests);
    await trySecondApply(context, name, manifests);
    await tryPods(context, name);
    await tryNetwork(context, { name, overlay, components });
    await tryReferences(context, { name, overlay, secrets });
    await tryAccounts(context, name);
    await tryAlerts(context, { name, overlay });
  } finally {
    // They go with their namespace, where a controller runs.
    if (secrets !== undefined)
      await cluster.kubectl(["delete", "--wait=false", "--ignore-not-found", "--filename=-"], { input: secrets });
    await remove(cluster, manifests);
  }
  const left = [...(await inventory(cluster)).keys()].filter((key) => !before.has(key));
  check(`${name}: deleting it leaves nothing`, left.length === 0, left.join(", "));
  return context.lints && lints ? tryLinters(context, name, manifests) : [];
}

/** As the page says: first all but the services, then everything. */
async function applyInOrder({ cluster, check }, name, manifests) {
  const first = await apply(cluster, manifests, ["--selector=app.kubernetes.io/component!=service"]);
  const jobs = first.applied.filter((object) => object.startsWith("job.batch/migrate"));
  const early = first.applied.filter(
    (object) => object.startsWith("deployment.apps/") && !/broker|database/.test(object),
  );
  check(
    `${name}: the migration can run before any service is there`,
    jobs.length === 1 && early.length === 0,
    early.join(),
  );
  const { applied, warnings } = await apply(cluster, manifests);
  const all = [...first.warnings, ...warnings];
  check(
    `${name}: ${new Set(applied).size} objects applied server-side, ${all.length} warnings`,
    applied.length > 0 && all.length === 0,
    all.join("; "),
  );
}

async function trySecondApply({ cluster, check }, name, manifests) {
  const before = await inventory(cluster);
  await apply(cluster, manifests);
  const after = await inventory(cluster);
  const changed = [...after].filter(([key, version]) => before.get(key) !== version).map(([key]) => key);
  check(`${name}: applying it again changes none of them`, changed.length === 0, changed.join(", "));
}

async function tryPods({ cluster, check }, name) {
  const templates = await podTemplates(cluster);
  const refused = await createPods(cluster, templates);
  const tried = templates.filter(({ spec }) => spec !== undefined).length;
  check(`${name}: ${tried} pod templates admitted as pods under restricted`, refused.length === 0, refused.join("; "));
  const moving = templates
    .flatMap(({ spec }) => [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])])
    .filter(({ image }) => !/@sha256:[0-9a-f]{64}$/.test(image));
  check(
    `${name}: every image is named by its digest`,
    moving.length === 0,
    moving.map(({ image }) => image).join(", "),
  );
}

/** What the policies of the namespace let through, as sentences of what is wrong with it. */
export async function networkOf({ cluster, root }, { overlay, components }) {
  const { ARROWS } = await import(pathToFileURL(join(root, "packages/services/dist/topology/arrows.js")));
  const { items: policies } = await cluster.kubectlJson(["get", "networkpolicies", "--namespace=quittance"]);
  const arrows = [
    ...ARROWS.filter(({ to }) => to !== "outside"),
    { from: "migrate", to: "database", ports: [5432] },
    { from: "monitor", to: "broker", ports: [5671] },
  ].map((arrow) => ({ ...arrow, ports: arrow.to === "broker" ? [5671] : arrow.ports }));
  const expected = expectedConnections({
    arrows,
    amqp: overlay === "local" ? 5672 : 5671,
    beside: besideTheArrows({ overlay, components, services: [...new Set(ARROWS.map(({ from }) => from)), "monitor"] }),
  });
  return { ...tryPairs({ policies, ends: endsOf(await podTemplates(cluster)), expected }), policies: policies.length };
}

async function tryNetwork(context, { name, overlay, components }) {
  const { allowed, denied, wrong, policies } = await networkOf(context, { overlay, components });
  context.check(
    `${name}: ${policies} policies; of every ordered pair of ends and port, ${allowed} connections pass and ${denied} do not, as the arrows say`,
    allowed > 0 && wrong.length === 0,
    wrong.slice(0, 12).join("\n       "),
  );
}

/** The local overlay is whole with its secrets; production refers to Secrets that others make, which the page lists. */
async function tryReferences({ cluster, check, k8s }, { name, overlay, secrets }) {
  if (secrets !== undefined) await apply(cluster, secrets, ["--force-conflicts"]);
  const missing = await referencesWithoutObject(cluster, { k8s, overlay });
  check(
    `${name}: every Secret and ConfigMap that a pod names is there, or on the page's list`,
    missing.length === 0,
    missing.join("; "),
  );
}

async function tryAccounts({ cluster, check }, name) {
  const all = await accounts(cluster);
  const mounting = all.filter(({ mounts }) => mounts).map((account) => account.name);
  check(`${name}: none of ${all.length} accounts has its token mounted`, mounting.length === 0, mounting.join(", "));
  const outcomes = [];
  for (const account of all) outcomes.push(await tryRights(cluster, account.name));
  const wrong = outcomes.flatMap((outcome) => outcome.wrong);
  const refused = outcomes.reduce((sum, outcome) => sum + outcome.refused, 0);
  check(
    `${name}: ${refused} rights tried by ${all.length} accounts, all refused`,
    wrong.length === 0,
    wrong.join("; "),
  );
}

async function tryAlerts({ cluster, check, folder }, { name, overlay }) {
  if (overlay !== "production") return;
  const { items } = await cluster.kubectlJson(["get", "prometheusrules", "--namespace=quittance"]);
  const groups = items.flatMap(({ spec }) => spec.groups);
  if (groups.length === 0) return;
  const complaint = await promtool({ folder, groups });
  const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
  check(`${name}: promtool accepts ${rules} rules of alerts`, complaint === undefined, complaint);
}

async function tryLinters(context, name, manifests) {
  const file = join(context.folder, `${name.replace(/\W+/g, "-")}.yaml`);
  await writeFile(file, manifests);
  const { open, used } = await lint({ ...context, file });
  const covered = [...used.values()].reduce((sum, count) => sum + count, 0);
  context.check(
    `${name}: kube-score, checkov and kubeconform find nothing (${covered} findings under ${used.size} exceptions)`,
    open.length === 0,
    open.join("\n       "),
  );
  return used.keys();
}
