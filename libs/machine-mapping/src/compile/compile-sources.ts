import type { MappedSource } from '@millrace/domain';
import type { WrittenSource } from '../language/mapping-shape';
import { DEFAULT_REORDER, NUMBERED_SOURCES } from '../language/source-shape';

/** `id` left out: of one source whichever feeds the machine, of several the one that has the alias for its name. */
export const compileSource = ({ name, value }: WrittenSource, isOnly: boolean): MappedSource => ({
  source: value.id ?? (isOnly ? null : name),
  maxSkewMs: value.maxSkew,
  maxBacklogMs: value.maxBacklog ?? null,
  reorder:
    value.reorder === undefined
      ? NUMBERED_SOURCES.has(value.type)
        ? DEFAULT_REORDER
        : null
      : value.reorder === false
        ? null
        : { windowMs: value.reorder.window, records: value.reorder.records },
});
