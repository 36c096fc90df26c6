/** What the id of a client is: the name of its account at client-bank. */
const CLIENT_ID = /^c-[A-Za-z0-9_-]{1,62}$/;

/** Whether a client may have this id. */
export function isClientId(id: string): boolean {
  return CLIENT_ID.test(id);
}
