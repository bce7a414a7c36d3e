export interface Health {
  /** Whether all of it says so. */
  readonly ok: boolean;
  readonly status: string;
  /** Of the origin: each service. */
  readonly services?: { readonly [name: string]: string } | undefined;
}
