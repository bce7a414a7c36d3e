import type { PageQuery, Period } from './page';

export type DeliveryStatus = 'pending' | 'retrying' | 'parked' | 'succeeded' | 'failed' | 'cancelled' | 'expired';
export type DeliveryTrigger = 'event' | 'test' | 'recovery';
export type CommandKind = 'retry' | 'cancel' | 'skip';

/** One event for one endpoint. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly subject: string | null;
  readonly endpointId: string;
  readonly contract: string;
  readonly status: DeliveryStatus;
  readonly statusReason: string | null;
  readonly trigger: DeliveryTrigger;
  readonly attemptCount: number;
  readonly requestCount: number;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  /** `success`, `http_503`, `timeout`, … */
  readonly lastOutcome: string | null;
}

export interface Attempt {
  readonly epoch: number;
  readonly number: number;
  readonly requestId: string;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly request: {
    readonly url: string;
    readonly headers: { readonly [name: string]: string };
    readonly body: string | null;
    /** Why `body` is null. */
    readonly bodyMissing: 'test_event' | 'event_not_kept' | 'contract_unknown' | 'digest_differs' | null;
  };
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    readonly body: string;
    readonly bodyTruncated: boolean;
  } | null;
  readonly outcome: string;
  readonly error: string | null;
  readonly traceId: string;
}

/** What became of a command. */
export interface Command {
  readonly commandId: string;
  readonly command: CommandKind;
  readonly by: string;
  readonly result: 'done' | 'refused';
  readonly reason: string | null;
  readonly at: string;
}

export interface DeliveryDetail extends Delivery {
  readonly epoch: number;
  readonly sequence: number | null;
  readonly previousEventId: string | null;
  readonly behind: string | null;
  readonly attempts: readonly Attempt[];
  readonly commands: readonly Command[];
}

export interface DeliveryQuery extends PageQuery, Period {
  readonly endpointId?: string | undefined;
  readonly eventType?: string | undefined;
  readonly eventId?: string | undefined;
  readonly status?: DeliveryStatus | undefined;
  readonly subject?: string | undefined;
  readonly trigger?: DeliveryTrigger | undefined;
}

export interface RetryDeliveryRequest {
  /** Also when its time has run out. Needs `reason`. */
  readonly force?: boolean | undefined;
  readonly reason?: string | null | undefined;
}

export interface CommandAccepted {
  readonly deliveryId: string;
  readonly commandId: string;
  readonly command: CommandKind;
}

interface ManyRequest<Status extends DeliveryStatus> {
  /** At least one of `endpointId`, `eventType` and `from`. Times are RFC 3339. */
  readonly filter: {
    readonly endpointId?: string | undefined;
    readonly eventType?: string | undefined;
    readonly status?: Status | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  };
  /** Counts, and sends nothing. */
  readonly dryRun?: boolean | undefined;
  /** 1 to 10,000, the newest first; 1,000 unless told. */
  readonly limit?: number | undefined;
}
export type RetryManyRequest = ManyRequest<'failed' | 'cancelled' | 'retrying'>;
export type CancelManyRequest = ManyRequest<'pending' | 'retrying' | 'parked'>;

export interface ManyCommands {
  readonly command: 'retry' | 'cancel';
  readonly matched: number;
  readonly sent: number;
  readonly more: boolean;
  readonly dryRun: boolean;
}
