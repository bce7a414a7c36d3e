import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import { newSpanId, newTraceId, type TraceContext } from './trace-context';

export type SpanKindName = 'producer' | 'consumer' | 'client' | 'internal' | 'server';
export type SpanAttributes = { readonly [name: string]: string | number | boolean };

export interface SpanOptions {
  readonly kind: SpanKindName;
  /** Null starts a trace. */
  readonly parent: TraceContext | null;
  readonly links?: readonly TraceContext[];
  readonly attributes?: SpanAttributes;
  /** Unix ms; now when absent. */
  readonly startTime?: number;
}

export interface ActiveSpan {
  readonly context: TraceContext;
  /** False when nothing is recorded: costly attributes need not be made. */
  readonly recording: boolean;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** `error` is an error type of few values (`timeout`, `500`), not a message. */
  end(outcome?: { readonly error?: string; readonly attributes?: SpanAttributes; readonly endTime?: number }): void;
}

const KINDS: { readonly [kind in SpanKindName]: SpanKind } = {
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
};

/** The tracer of the SDK, or null while nothing is exported. */
let tracer: Tracer | null = null;
export const recordSpansWith = (next: Tracer | null): void => {
  tracer = next;
};

/** Keeps the ids flowing at the price of two short strings. */
class UnrecordedSpan implements ActiveSpan {
  readonly recording = false;
  constructor(readonly context: TraceContext) {}
  rename(): void {}
  set(): void {}
  end(): void {}
}

class RecordedSpan implements ActiveSpan {
  readonly context: TraceContext;
  readonly recording: boolean;
  constructor(private readonly span: Span) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.context = { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
    this.recording = span.isRecording();
  }
  rename(name: string): void {
    this.span.updateName(name);
  }
  set(attributes: SpanAttributes): void {
    this.span.setAttributes(attributes);
  }
  end(outcome?: { error?: string; attributes?: SpanAttributes; endTime?: number }): void {
    if (outcome?.attributes) this.span.setAttributes(outcome.attributes);
    if (outcome?.error !== undefined) {
      this.span.setAttribute('error.type', outcome.error);
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end(outcome?.endTime);
  }
}

const toSpanContext = (context: TraceContext) => ({
  traceId: context.traceId,
  spanId: context.spanId,
  traceFlags: context.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  isRemote: true,
});

/**
 * A span by hand: consumers work in windows over many records, where no ambient context exists. When nothing is exported
 * it still has valid ids, and a parent's sampled flag passes through.
 */
export const startSpan = (name: string, options: SpanOptions): ActiveSpan => {
  const { parent } = options;
  if (tracer === null) {
    return new UnrecordedSpan({
      traceId: parent?.traceId ?? newTraceId(),
      spanId: newSpanId(),
      sampled: parent?.sampled ?? false,
    });
  }
  return new RecordedSpan(
    tracer.startSpan(
      name,
      {
        kind: KINDS[options.kind],
        attributes: options.attributes,
        links: options.links?.map((link) => ({ context: toSpanContext(link) })),
        startTime: options.startTime,
      },
      parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent)),
    ),
  );
};
