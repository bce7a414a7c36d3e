/** `allow`: http:// and private addresses may be targets (local use); metadata addresses never are. */
export type InsecureEndpoints = 'allow' | 'deny';

/** An operator's exception for receivers inside the plant: addresses of `cidr`, on `port` or on any port. */
export interface AllowedDestination {
  /** For example `10.20.0.0/16`, `fd12:3456::/48`, `10.20.0.7/32`. */
  readonly cidr: string;
  readonly port?: number;
}
