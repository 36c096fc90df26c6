/**
 * The custom resources of the operators that the production overlay talks to, as their projects publish them: taken
 * out of their Go modules at a pinned version, never kept here.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ARKMQ_BROKER } from "./arkmq-broker-schema.mjs";
import { run } from "./commands.mjs";

/** Where each project keeps them, and which of them the overlays use. */
const MODULES = [
  ["github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases", /^keda\.sh_/],
  ["github.com/cloudnative-pg/cloudnative-pg", "v1.27.1", "config/crd/bases", /_(clusters|scheduledbackups)\.yaml$/],
  ["github.com/cloudnative-pg/plugin-barman-cloud", "v0.15.0", "config/crd/bases", /_objectstores\.yaml$/],
  [
    "github.com/prometheus-operator/prometheus-operator",
    "v0.85.0",
    "example/prometheus-operator-crd",
    /_(podmonitors|prometheusrules)\.yaml$/,
  ],
  ["github.com/cert-manager/cert-manager", "v1.21.2", "deploy/crds", /^cert-manager\.io_(certificates|issuers)\.yaml$/],
  [
    "sigs.k8s.io/gateway-api",
    "v1.6.3",
    "config/crd/standard",
    /_(gateways|gatewayclasses|grpcroutes|httproutes|backendtlspolicies)\.yaml$/,
  ],
];

/**
 * Installs them, and waits until the API server serves each.
 * @returns how many kinds there are.
 */
export async function installOperatorSchemas({ kubectl, kubectlJson, go, arkmqSchema }) {
  const texts = [];
  for (const [module, version, folder, wanted] of MODULES) {
    const { Dir } = JSON.parse(await run(go, ["mod", "download", "-json", `${module}@${version}`], { env: GO_ENV }));
    const files = (await readdir(join(Dir, folder))).filter((name) => wanted.test(name));
    if (files.length === 0) throw new Error(`${module}@${version} has no custom resources in ${folder}.`);
    for (const file of files) texts.push(await readFile(join(Dir, folder, file), "utf8"));
  }
  texts.push(arkmqSchema === undefined ? JSON.stringify(ARKMQ_BROKER) : await readFile(arkmqSchema, "utf8"));
  for (const input of texts) await kubectl(["apply", "--server-side", "--filename=-"], { input });
  await kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
  return (await kubectlJson(["get", "crd"])).items.length;
}

const GO_ENV = { ...process.env, GOFLAGS: "-mod=mod", GOWORK: "off" };
