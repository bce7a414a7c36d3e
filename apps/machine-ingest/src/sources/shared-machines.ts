import type { SourceView, SourceWarningView } from '@millrace/protocol';

type Feeding = Pick<SourceView, 'name' | 'enabled' | 'machines'>;

/** Machines that are told of; of more, the first by name. */
const MOST = 20;

/** Machines of a source that another one feeds too, as far as settings say it: often meant, and sometimes a slip. */
export const sharedMachines = (source: Feeding, others: readonly Feeding[]): SourceWarningView[] => {
  const feeding = others.filter(({ name, enabled }) => enabled && name !== source.name);
  return [...new Set(source.machines ?? [])]
    .sort()
    .flatMap((machine) => {
      const names = feeding.flatMap(({ name, machines }) => (machines?.includes(machine) ? [name] : []));
      if (names.length === 0) return [];
      const who = names.length === 1 ? `the source ${names[0]} also feeds` : `the sources ${listed(names)} also feed`;
      return [
        {
          path: 'settings',
          code: 'shared_machine',
          detail: `${who} ${machine}; where both send an item of the same name, each has a value of its own`,
        },
      ];
    })
    .slice(0, MOST);
};

const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
