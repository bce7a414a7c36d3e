import type { EndpointOptions } from './endpoint';
import type { NewEvent } from './event';

/** A delivery profile, and its rules. */
export interface Contract {
  readonly name: string;
  readonly version: number;
  readonly timeoutMs: number;
  /** Before each retry, counted from the end of the attempt before. */
  readonly retryDelaysSeconds: readonly number[];
  /** The last delay goes on until the delivery expires. */
  readonly retriesRepeat: boolean;
  readonly expiresAfterSeconds: number;
  /** Options of an endpoint that mean something to it. */
  readonly options: readonly string[];
}

export interface ContractPreviewRequest {
  readonly event: NewEvent;
  readonly options?: { readonly [name in keyof EndpointOptions]?: EndpointOptions[name] | undefined } | undefined;
  /** To sign with; one is made when it is left out. It is not kept. */
  readonly secret?: string | undefined;
  readonly attempt?: number | undefined;
}

/** The exact headers and bytes of a request. */
export interface ContractPreview {
  readonly contract: string;
  readonly secret: string;
  readonly method: 'POST';
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: string;
  readonly bodySha256: string;
}

/** What somebody did that has to be answered for. */
export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  /** Id of the API key. */
  readonly actor: string;
  readonly action: 'secret.revealed';
  /** Id of what it was done to. */
  readonly object: string;
}

/** What somebody did to a source, a mapping or a machine. */
export interface MachineAuditEntry {
  readonly id: string;
  readonly at: string;
  /** Id of the API key. */
  readonly actor: string;
  readonly action:
    | 'source.created'
    | 'source.changed'
    | 'source.switched_on'
    | 'source.switched_off'
    | 'source.deleted'
    | 'mapping.activated'
    | 'mapping.deleted'
    | 'machine.removed';
  /** Name of the source, the mapping or the machine. */
  readonly object: string;
  /** Which version, and the names of what is new; no values of settings. Of a machine, when it was heard last. */
  readonly detail: string;
}
