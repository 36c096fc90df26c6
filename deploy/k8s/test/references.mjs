/** What the pods of an overlay refer to: Secrets and ConfigMaps by name, which somebody must have made. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The table of what the person who operates the cluster makes: its first column has names in backquotes. */
const PAGE = "../../docs/operating/kubernetes.md";

/** @returns a sentence for each reference that leads nowhere */
export async function referencesWithoutObject({ kubectlJson }, { k8s, overlay }) {
  const { items } = await kubectlJson(["get", "secrets,configmaps", "--namespace=quittance"]);
  const there = new Set(items.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const listed = overlay === "production" ? await listedOnPage(join(k8s, PAGE)) : new Set();
  const certificates = await secretsOfCertificates(kubectlJson);
  const { items: workloads } = await kubectlJson(["get", "deployments,jobs", "--namespace=quittance"]);
  return workloads.flatMap(({ metadata, spec }) =>
    referencesOf(spec.template.spec)
      .filter((reference) => !there.has(reference) && !listed.has(reference) && !certificates.has(reference))
      .map((reference) => `${metadata.name} refers to ${reference}`),
  );
}

async function secretsOfCertificates(kubectlJson) {
  const { items } = await kubectlJson(["get", "certificates.cert-manager.io", "--namespace=quittance"]);
  return new Set(items.map(({ spec }) => `Secret/${spec.secretName}`));
}

function referencesOf({ volumes = [], containers = [], initContainers = [] }) {
  const ofVolume = (source) => [
    ...(source.secret ? [`Secret/${source.secret.secretName ?? source.secret.name}`] : []),
    ...(source.configMap ? [`ConfigMap/${source.configMap.name}`] : []),
    ...(source.projected?.sources ?? []).flatMap(ofVolume),
  ];
  const ofContainer = ({ envFrom = [], env = [] }) =>
    [...envFrom, ...env.map(({ valueFrom }) => valueFrom ?? {})].flatMap((source) => [
      ...[source.secretRef, source.secretKeyRef].filter(Boolean).map(({ name }) => `Secret/${name}`),
      ...[source.configMapRef, source.configMapKeyRef].filter(Boolean).map(({ name }) => `ConfigMap/${name}`),
    ]);
  return [...volumes.flatMap(ofVolume), ...[...containers, ...initContainers].flatMap(ofContainer)];
}

async function listedOnPage(file) {
  const text = await readFile(file, "utf8");
  return new Set(
    [...text.matchAll(/^\| (Secret|ConfigMap) `([^`]+)` \|/gm)].map(([, kind, name]) => `${kind}/${name}`),
  );
}
