export type Scope =
  | 'webhooks:read'
  | 'webhooks:write'
  | 'events:write'
  | 'deliveries:read'
  | 'deliveries:write'
  | 'machines:read'
  | 'machines:write'
  | 'secrets:reveal'
  | 'admin';

export interface NewApiKey {
  readonly name: string;
  /** `agents:read` is taken as `deliveries:read`. */
  readonly scopes: readonly (Scope | 'agents:read')[];
  readonly tenant?: string | undefined;
  /** RFC 3339; null for never. */
  readonly expiresAt?: string | null | undefined;
}

export interface ApiKey {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
  readonly createdAt: string;
}

export interface CreatedApiKey extends ApiKey {
  /** The key itself; shown here and never again. */
  readonly key: string;
}
