/** The pages of the site in the order to read them in: a name, and the path from the top of the repository. */
export const SECTIONS = [
  {
    text: "Start",
    items: [
      ["Quick start", "README.md"],
      ["Démarrage rapide (français)", "README.fr.md"],
      ["Glossary", "docs/glossary.md"],
    ],
  },
  {
    text: "Integrate",
    items: [
      ["The API", "docs/api.md"],
      ["Accounts", "docs/operating/accounts.md"],
      ["Webhooks", "docs/webhooks.md"],
      ["Notifications", "docs/notifications.md"],
      ["The client", "packages/client/README.md"],
      ["Changes of the client", "packages/client/CHANGELOG.md"],
    ],
  },
  {
    text: "Operate",
    items: [
      ["Pages by task", "docs/operating.md"],
      ["Install", "docs/operating/install.md"],
      ["Kubernetes", "docs/operating/kubernetes.md"],
      ["Compose", "docs/operating/compose.md"],
      ["Configuration", "docs/operating/configuration.md"],
      ["The console", "docs/operating/console.md"],
      ["Monitoring", "docs/operating/monitoring.md"],
      ["Runbooks", "docs/operating/runbooks.md"],
      ["Security", "docs/operating/security.md"],
      ["The command line", "docs/operating/command-line.md"],
      ["Upgrade", "docs/operating/upgrade.md"],
    ],
  },
  {
    text: "Messaging SDK",
    items: [
      ["Overview", "packages/sdk/README.md"],
      ["Reference", "docs/site/reference/README.md"],
      ["The first hour", "packages/sdk/docs/first-hour.md"],
      ["Processors", "packages/sdk/docs/processors.md"],
      ["Delivery guarantees", "packages/sdk/docs/delivery-guarantees.md"],
      ["Testing", "packages/sdk/docs/testing.md"],
      ["Tuning", "packages/sdk/docs/tuning.md"],
      ["Conformance", "packages/sdk/docs/conformance.md"],
      ["Coming from JMS", "packages/sdk/docs/coming-from-jms.md"],
      ["Coming from rhea", "packages/sdk/docs/coming-from-rhea.md"],
      ["Coming from rhea-promise", "packages/sdk/docs/coming-from-rhea-promise.md"],
      ["Coming from Service Bus", "packages/sdk/docs/coming-from-service-bus.md"],
      ["Versions", "packages/sdk/docs/versions.md"],
      ["Changes of the SDK", "packages/sdk/CHANGELOG.md"],
    ],
  },
  {
    text: "Architecture",
    items: [
      ["The payment cycle", "docs/payment-cycle.md"],
      ["Reliability", "docs/reliability.md"],
      ["Simulation", "docs/simulation.md"],
      ["Decisions", "docs/decisions.md"],
      ["Adding a service", "docs/adding-a-service.md"],
    ],
  },
  {
    text: "Benchmarks",
    items: [
      ["Performance", "docs/performance.md"],
      ["Capacity", "docs/capacity.md"],
      ["Benches", "bench/README.md"],
    ],
  },
  {
    text: "Contribute",
    items: [
      ["Contributing", "CONTRIBUTING.md"],
      ["Security", "SECURITY.md"],
      ["Code of conduct", "CODE_OF_CONDUCT.md"],
      ["Changes", "CHANGELOG.md"],
    ],
  },
];
