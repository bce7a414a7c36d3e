import type { ContractName } from '../verify/contract-name';

/** Body of the contract `standard`. */
export interface StandardEvent<Data = unknown> {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Data;
}

/** Body of `eclipse`: the BundleResult itself, of which these are some of the fields. Its times name no zone. */
export interface EclipseBundle {
  readonly JobId?: string;
  readonly OrderCode?: string;
  readonly BundleNumber?: number;
  readonly BundleCode?: string;
  readonly Complete?: boolean;
  readonly StartTime?: string;
  readonly EndTime?: string;
  readonly [field: string]: unknown;
}

/** Body of `eclips`; what the event's data does not have is null. */
export interface EclipsRunEvent {
  readonly event: string;
  readonly run_id: string | null;
  readonly agent_type: string | null;
  readonly organization_id: string;
  readonly timestamp: string;
  readonly data: {
    readonly output: unknown;
    readonly confidence_score: number | null;
    readonly requires_triage: boolean;
    readonly triage_item_id: string | null;
    readonly error: string | null;
  };
}

/** Body of `proign`. */
export interface ProignEvent<Data = unknown> {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly tenant_id: string;
  readonly data: Data;
}

/** Body of `mes`. */
export interface MesEvent<Data = unknown> {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Data;
}

/** Body of `nentropy`. */
export interface NentropyEvent<Data = { readonly [name: string]: unknown }> {
  readonly event: string;
  readonly timestamp: string;
  /** Of the event's data, else of the endpoint's setting. */
  readonly integrationId: string | null;
  readonly data: Data;
}

/** What comes under each contract. */
export interface WebhookBodies {
  readonly standard: StandardEvent;
  readonly eclipse: EclipseBundle;
  readonly eclips: EclipsRunEvent;
  readonly proign: ProignEvent;
  readonly mes: MesEvent;
  readonly nentropy: NentropyEvent;
}

export type WebhookBody<Contract extends ContractName> = WebhookBodies[Contract];
