import type { Signal } from '@millrace/domain';

type Always = 'tenant' | 'machine' | 'source' | 'session' | 'path' | 'kind' | 'value' | 'type' | 'clock' | 'raw';

/** What a source has to say itself of each signal, and what it may say where it is not as with most. */
export type SaidSignal = Pick<Signal, Always> &
  Partial<Pick<Signal, 'seq' | 'idx' | 'unit' | 'quality' | 'qualityCode' | 'sourceTs' | 'serverTs' | 'flags'>> & {
    /** When it was received, Unix ms. */
    readonly receivedAt: number;
    /** Its time of evaluation, Unix ms, where that is not when it was received: a recording has a clock of its own. */
    readonly evaluatedAt?: number;
  };

/**
 * A signal as every source writes it: without a number, a unit, a stamp or a flag, and good, unless it says otherwise. All
 * have their members in one order, so that they are of one shape to the engine and read alike in the topic.
 */
export const newSignal = (said: SaidSignal): Signal => {
  const received = new Date(said.receivedAt).toISOString();
  return {
    v: 1,
    tenant: said.tenant,
    machine: said.machine,
    source: said.source,
    session: said.session,
    seq: said.seq ?? null,
    ...(said.idx === undefined ? {} : { idx: said.idx }),
    path: said.path,
    kind: said.kind,
    value: said.value,
    type: said.type,
    unit: said.unit ?? null,
    quality: said.quality ?? 'good',
    qualityCode: said.qualityCode ?? null,
    sourceTs: said.sourceTs ?? null,
    serverTs: said.serverTs ?? null,
    receiveTs: received,
    at: said.evaluatedAt === undefined ? received : new Date(said.evaluatedAt).toISOString(),
    clock: said.clock,
    flags: said.flags ?? [],
    raw: said.raw,
  };
};
