import { aliasesOf, type MachineState, type Mapping, type Signal, whyUnusable } from '@millrace/domain';
import type { LastSignal, MachineSignalList, MachineSignalView } from '@millrace/protocol';

const viewOf = (last: LastSignal, state: MachineState, mapping: Mapping | null, now: number): MachineSignalView => {
  const mapped =
    mapping === null ? [] : (aliasesOf(mapping, state, last as Pick<Signal, 'path' | 'source'> as Signal) ?? []);
  return {
    path: last.path,
    source: last.source,
    aliases: mapped.map(({ alias }) => alias),
    value: last.value,
    cut: last.cut,
    type: last.type,
    unit: last.unit,
    quality: last.quality,
    qualityCode: last.qualityCode,
    time: last.sourceTs,
    at: new Date(last.at).toISOString(),
    ageMs: Math.max(0, now - last.at),
    count: last.count,
    problems: mapped.flatMap((one) => {
      const why = whyUnusable(state, one, last);
      return why === null ? [] : [{ alias: one.alias, ...why }];
    }),
  };
};

/** Sort key of a data item: paths first, since a path is what people look for. */
const positionOf = ({ path, source }: Pick<LastSignal, 'path' | 'source'>): string => `${path}\n${source}`;

/** A page of data items by path; the cursor is the last one's key, so pages are stable while items come. */
export const pageOfSignals = (
  signals: readonly LastSignal[],
  { limit, after }: { readonly limit: number; readonly after: string | null },
  of: { readonly state: MachineState; readonly mapping: Mapping | null; readonly now: number },
): MachineSignalList => {
  const rest = signals
    .map((last) => ({ last, position: positionOf(last) }))
    .filter(({ position }) => after === null || position > after)
    .sort((one, other) => (one.position < other.position ? -1 : 1));
  const page = rest.slice(0, limit);
  return {
    data: page.map(({ last }) => viewOf(last, of.state, of.mapping, of.now)),
    nextCursor: rest.length > page.length ? Buffer.from(page[page.length - 1]!.position).toString('base64url') : null,
  };
};
