/**
 * What linters find and we leave, each with the reason. `object` is whom it is about, by kind and name; without it the
 * exception is for all. One that covers nothing any more fails the test.
 */
export const EXCEPTIONS = [
  {
    tool: "kube-score",
    check: "container-image-pull-policy",
    because:
      "Every image is named by its digest: the content of that name cannot change, so there is nothing to pull again.",
  },
  {
    tool: "kube-score",
    check: "deployment-has-host-podantiaffinity",
    because: "Pods are spread over nodes and zones by topology spread constraints, which the check does not look at.",
  },
  {
    tool: "kube-score",
    check: "deployment-replicas",
    object: /^Deployment\/gateway$/,
    because: "KEDA's ScaledObject says how many there are, 2 to 8, which the check does not know; locally one will do.",
  },
  {
    tool: "kube-score",
    check: "deployment-replicas",
    object: /^Deployment\/(monitor|broker|database)$/,
    because: "Two monitors would tell the same of the queues twice, and two local brokers or databases share nothing.",
  },
  {
    tool: "kube-score",
    check: "deployment-strategy",
    object: /^Deployment\/(broker|database)$/,
    because: "In the local overlay two of them at once would each have half of the data: the old one ends first.",
  },
  {
    tool: "kube-score",
    check: "pod-probes-identical",
    object: /^Deployment\/broker$/,
    because:
      "Artemis without a console has one sign of life and of readiness, its acceptor; liveness waits for longer.",
  },
  {
    tool: "kube-score",
    check: "container-security-context-user-group-id",
    object: /^Deployment\/database$/,
    because: "PostgreSQL's image has its user's number, 999, in its passwd; initdb refuses a user who is not there.",
  },
  {
    tool: "checkov",
    check: "CKV_K8S_40",
    object: /^Deployment\.quittance\.database$/,
    because: "The same: PostgreSQL's image runs as 999.",
  },
  {
    tool: "kube-score",
    check: "networkpolicy-targets-pod",
    object: /^NetworkPolicy\/.*(broker|database)/,
    because: "In production their pods are made by ArkMQ and CloudNativePG, with the labels that their resources name.",
  },
  {
    tool: "kube-score",
    check: "service-targets-pod",
    object: /^Service\/broker$/,
    because: "The same: ArkMQ makes the pods that it leads to.",
  },
  {
    tool: "checkov",
    check: "CKV_DOCKER_2",
    because:
      "Kubernetes asks by probes and Compose by its own health check; an image in OCI's format has no HEALTHCHECK.",
  },
  {
    tool: "checkov",
    check: "CKV_DOCKER_7",
    because: "Both base images are build arguments whose defaults are pinned by digest, which checkov does not follow.",
  },
];
