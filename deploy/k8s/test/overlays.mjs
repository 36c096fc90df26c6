/** Renders overlays, applies them to a cluster as docs/operating/kubernetes.md says, and takes them away again. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** What an apply must write for each kind of outcome; a line that is none of them is a surprise. */
const APPLIED = /^(\S+) serverside-applied$/;
/** Objects that the API server itself makes and changes. */
const NOT_OURS = /^(events|leases|endpoints|endpointslices|componentstatuses|apiservices|nodes)(\.|$)/;

/**
 * What runs where: an overlay, or one with components.
 * @returns a folder that kustomize can render
 */
export async function variant({ folder, k8s, overlay, components }) {
  if (components.length === 0) return join(k8s, "overlays", overlay);
  const place = join(folder, [overlay, ...components].join("-"));
  await mkdir(place, { recursive: true });
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [relative(place, join(k8s, "overlays", overlay))],
    components: components.map((component) => relative(place, join(k8s, "components", component))),
  };
  await writeFile(join(place, "kustomization.yaml"), JSON.stringify(kustomization));
  return place;
}

/** @returns the manifests as one text, and what kustomize warned of. */
export async function render({ attemptKubectl }, place) {
  const { code, stdout, stderr } = await attemptKubectl(["kustomize", place]);
  if (code !== 0) throw new Error(`kustomize cannot render ${place}: ${stderr.slice(-2_000)}`);
  return { manifests: stdout, warnings: warningsOf(stderr) };
}

/** Applies server-side. @returns the names of what was applied, and what the API server warned of. */
export async function apply({ attemptKubectl }, manifests, args = []) {
  const { code, stdout, stderr } = await attemptKubectl(
    ["apply", "--server-side", "--field-manager=test", ...args, "--filename=-"],
    { input: manifests },
  );
  if (code !== 0) throw new Error(`apply failed: ${stderr.slice(-4_000)}`);
  const lines = stdout.trim().split("\n");
  const strange = lines.filter((line) => !APPLIED.test(line));
  if (strange.length > 0) throw new Error(`apply said: ${strange.join("; ")}`);
  return { applied: lines.map((line) => line.match(APPLIED)[1]), warnings: warningsOf(stderr) };
}

function warningsOf(text) {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** Everything that the cluster holds, by kind and name, with its version. */
export async function inventory({ kubectl, kubectlJson }) {
  const kinds = (await kubectl(["api-resources", "--verbs=list", "--output=name"]))
    .trim()
    .split("\n")
    .filter((kind) => !NOT_OURS.test(kind));
  const { items } = await kubectlJson(["get", kinds.join(","), "--all-namespaces"]);
  return new Map(
    items.map(({ kind, metadata }) => [
      `${kind} ${metadata.namespace ?? ""}/${metadata.name}`,
      `${metadata.uid} ${metadata.resourceVersion}`,
    ]),
  );
}

/** Deletes what was applied, and lets go of what controllers, which do not run here, would let go of. */
export async function remove({ kubectl, attemptKubectl, kubectlJson, ask }, manifests) {
  await kubectl(["delete", "--wait=false", "--ignore-not-found", "--filename=-"], { input: manifests });
  const { items } = await kubectlJson(["get", "persistentvolumeclaims", "--namespace=quittance"]);
  for (const { metadata } of items) {
    const patch = '{"metadata":{"finalizers":null}}';
    await attemptKubectl(["patch", "pvc", metadata.name, "--namespace=quittance", "--type=merge", `--patch=${patch}`]);
  }
  const path = "/api/v1/namespaces/quittance";
  const { status, body } = await ask({ path });
  if (status === 404) return;
  await ask({ method: "PUT", path: `${path}/finalize`, body: { ...body, spec: { finalizers: [] } } });
}

/**
 * Pod templates of an overlay as the API server holds them. The pods of a Broker and of a PostgreSQL cluster are made
 * by their operators: here are the labels that they give them.
 */
export async function podTemplates({ kubectlJson }) {
  const { items } = await kubectlJson(["get", "deployments,jobs", "--namespace=quittance"]);
  const own = items.map(({ metadata, spec }) => ({
    name: metadata.name,
    labels: spec.template.metadata.labels,
    spec: spec.template.spec,
    annotations: spec.template.metadata.annotations,
  }));
  const operated = [
    ["brokers.broker.arkmq.org", ({ spec }) => ["broker", spec.deploymentPlan.labels]],
    [
      "clusters.postgresql.cnpg.io",
      ({ metadata, spec }) => ["database", { ...spec.inheritedMetadata.labels, "cnpg.io/cluster": metadata.name }],
    ],
  ];
  const names = new Map();
  for (const [kind, describe] of operated) {
    for (const item of (await kubectlJson(["get", kind, "--namespace=quittance"])).items) {
      const [name, labels] = describe(item);
      names.set(name, { name, labels });
    }
  }
  return [...own, ...names.values()];
}

/** Creates each template as a Pod, which Pod Security then judges. @returns what it refused or warned of, as sentences. */
export async function createPods({ ask }, templates) {
  const refused = [];
  const pods = "/api/v1/namespaces/quittance/pods";
  for (const { name, labels, annotations, spec } of templates.filter((template) => template.spec !== undefined)) {
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `${name}-as-a-pod`, labels, annotations },
      // Nobody but a Deployment's own controller fills these in.
      spec: {
        ...spec,
        topologySpreadConstraints: spec.topologySpreadConstraints?.map(({ matchLabelKeys: _, ...rest }) => rest),
      },
    };
    const { status, body: answer, warnings } = await ask({ method: "POST", path: pods, body });
    if (status !== 201) refused.push(`${name}: ${answer.message}`);
    else await ask({ method: "DELETE", path: `${pods}/${body.metadata.name}?gracePeriodSeconds=0` });
    for (const warning of warnings) refused.push(`${name}: ${warning}`);
  }
  return refused;
}
