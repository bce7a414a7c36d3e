/** The tenant of a single-tenant site, and of every event that names none. */
export const DEFAULT_TENANT = 'default';

export const isTenantName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text);
