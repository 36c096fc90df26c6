/** Addresses of the console's own pages. */

/** A dot would ask the server for a file. */
function part(text: string): string {
  return encodeURIComponent(text).replaceAll(".", "%2E");
}

export const LINKS = {
  overview: () => "/",
  payments: () => "/payments",
  payment: (id: string) => `/payments/${part(id)}`,
  accounts: () => "/accounts",
  client: (id: string) => `/accounts/clients/${part(id)}`,
  merchant: (id: string) => `/accounts/merchants/${part(id)}`,
  templates: () => "/templates",
  template: (name: string, language: string) => `/templates/${part(name)}/${part(language)}`,
  webhooks: () => "/webhooks",
  event: (id: string) => `/webhooks/events/${part(id)}`,
  deadLetters: () => "/dead-letters",
  deadLetter: (id: string) => `/dead-letters/${part(id)}`,
} as const;
