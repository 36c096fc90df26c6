/**
 * The schema of ArkMQ's `Broker`, for as much of it as the production overlay uses. No registry that CI reaches has
 * ArkMQ's module, so it is written here after the Go types of ArkMQ 2.2.0 (api/v1beta2): a field that is not
 * listed, or of another type, is refused. `npm run test:cluster -- --arkmq-schema <file>` takes ArkMQ's own
 * definition instead.
 */
const text = { type: "string" };
const number = { type: "integer", format: "int32" };
const flag = { type: "boolean" };
const object = (properties) => ({ type: "object", properties });
const list = (items) => ({ type: "array", items });
const textMap = { type: "object", additionalProperties: text };
/** A type of Kubernetes' own, which this schema leaves to the pod that ArkMQ makes of it. */
const core = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

const deploymentPlan = object({
  image: text,
  initImage: text,
  size: number,
  persistenceEnabled: flag,
  labels: textMap,
  annotations: textMap,
  extraMounts: object({ configMaps: list(text), secrets: list(text) }),
  extraVolumes: list(core),
  extraVolumeMounts: list(core),
  resources: core,
  podSecurityContext: core,
  containerSecurityContext: core,
  startupProbe: core,
  livenessProbe: core,
  readinessProbe: core,
  affinity: object({ nodeAffinity: core, podAffinity: core, podAntiAffinity: core }),
  tolerations: list(core),
  nodeSelector: textMap,
  topologySpreadConstraints: list(core),
});

const spec = object({
  env: list(core),
  version: text,
  brokerProperties: list(text),
  deploymentPlan,
  resourceTemplates: list(core),
});

export const ARKMQ_BROKER = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "brokers.broker.arkmq.org" },
  spec: {
    group: "broker.arkmq.org",
    scope: "Namespaced",
    names: { kind: "Broker", listKind: "BrokerList", plural: "brokers", singular: "broker" },
    versions: [
      {
        name: "v1beta2",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: object({ apiVersion: text, kind: text, metadata: { type: "object" }, spec, status: core }),
        },
      },
    ],
  },
};
