/** A time with its offset, as RFC 3339 has it; seconds and their parts may be left out. */
export const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
