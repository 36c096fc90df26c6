/**
 * Passwords of the services' database roles in tests. Roles belong to the whole server, which all test files of a
 * process share, so that every preparation must give them the same.
 */
export const ROLE_PASSWORDS = { client_bank: "of-tests-1", merchant_bank: "of-tests-2", notification: "of-tests-3" };
