/** What the accounts of the overlay may do in the cluster: nothing but what everybody may who has a token. */

/** What would hurt most: verb, group, resource. */
const TRIES = [
  ["list", "", "secrets"],
  ["get", "", "secrets"],
  ["list", "", "configmaps"],
  ["list", "", "pods"],
  ["create", "", "pods"],
  ["create", "", "pods/exec"],
  ["create", "", "serviceaccounts/token"],
  ["patch", "apps", "deployments"],
  ["delete", "networking.k8s.io", "networkpolicies"],
  ["create", "rbac.authorization.k8s.io", "rolebindings"],
  ["list", "", "nodes"],
  ["list", "", "namespaces"],
];

/** Accounts of the namespace. */
export async function accounts({ kubectlJson }) {
  const { items } = await kubectlJson(["get", "serviceaccounts", "--namespace=quittance"]);
  return items.map(({ metadata, automountServiceAccountToken }) => ({
    name: metadata.name,
    mounts: automountServiceAccountToken !== false,
  }));
}

/**
 * Compares the rules of an account with those of one that nothing is granted to, and tries what would hurt most.
 * @returns how many rights were refused, and a sentence for each that was not
 */
export async function tryRights(cluster, name) {
  const own = accountOf("quittance", name);
  const nobodys = await rulesOf(cluster, accountOf("elsewhere", "nobody"));
  const wrong = (await rulesOf(cluster, own))
    .filter((rule) => !nobodys.includes(rule))
    .map((rule) => `${name} has the right ${rule}`);
  let refused = 0;
  for (const [verb, group, path] of TRIES) {
    const [resource, subresource] = path.split("/");
    const { allowed } = await review(cluster, own, {
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { namespace: "quittance", verb, group, resource, subresource } },
    });
    if (allowed === false) refused += 1;
    else wrong.push(`${name} may ${verb} ${path}`);
  }
  return { refused, wrong };
}

function accountOf(namespace, name) {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

async function rulesOf(cluster, account) {
  const status = await review(cluster, account, { kind: "SelfSubjectRulesReview", spec: { namespace: "quittance" } });
  if (status.incomplete) throw new Error(`The rules of ${account.user} are incomplete.`);
  return [...status.resourceRules, ...status.nonResourceRules].map((rule) => JSON.stringify(rule));
}

async function review({ ask }, account, { kind, spec }) {
  const { status, body } = await ask({
    ...account,
    method: "POST",
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: "authorization.k8s.io/v1", kind, spec },
  });
  if (status !== 201) throw new Error(`${kind} of ${account.user} answered ${status}: ${body.message}`);
  return body.status;
}
