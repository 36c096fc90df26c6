/** Every file under deploy/k8s that is made from the table of the system. */
import { rulesYaml } from "../monitoring/rules-files.js";
import { brokerPair } from "./broker-pair.js";
import { certificates, tlsPatches } from "./certificates.js";
import { manifestFile } from "./manifest.js";
import { networkPolicies } from "./network-policies.js";
import { scaledObjects } from "./scaled-objects.js";
import { serviceManifests } from "./service-manifests.js";

const PATCH_HEADER =
  "# Generated from the table of the system by `npm run generate`; do not edit. Patches of the base.";

/** Their texts, by their paths under deploy/k8s. */
export function clusterFiles(): Readonly<Record<string, string>> {
  return {
    "base/services.yaml": manifestFile(serviceManifests()),
    "base/network-policies.yaml": manifestFile(networkPolicies()),
    "overlays/production/certificates.yaml": manifestFile(certificates()),
    "overlays/production/service-tls.yaml": manifestFile(tlsPatches(), PATCH_HEADER),
    "overlays/production/scaled-objects.yaml": manifestFile(scaledObjects()),
    "overlays/production/alerts.yaml": alerts(),
    "overlays/production/broker.yaml": manifestFile(brokerPair()),
  };
}

/** The alerts of deploy/monitoring, as the Prometheus operator takes them. */
function alerts(): string {
  const [head = "", ...rules] = rulesYaml().trimEnd().split("\n");
  return `${head}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: quittance
  labels:
    app.kubernetes.io/name: quittance
    app.kubernetes.io/component: monitoring
spec:
${rules.map((line) => `  ${line}`).join("\n")}
`;
}
