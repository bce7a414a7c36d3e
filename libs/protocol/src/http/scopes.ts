export const SCOPES = [
  'webhooks:read',
  'webhooks:write',
  'events:write',
  'deliveries:read',
  'deliveries:write',
  'machines:read',
  'machines:write',
  'secrets:reveal',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Names that other systems' clients use for a scope of ours. */
export const SCOPE_ALIASES: { readonly [name: string]: Scope } = { 'agents:read': 'deliveries:read' };

/** `admin` stands for all scopes. */
export const grants = (held: readonly Scope[], needed: Scope): boolean =>
  held.includes('admin') || held.includes(needed);
