import { isMachineName } from '@millrace/domain';
import { fillTemplate, isFixed } from '../mqtt/topic-template';
import type { SparkplugSettings } from './sparkplug-settings';

export interface NodeName {
  readonly group: string;
  readonly node: string;
}

type Entry = SparkplugSettings['machines'][number];

/** Which machine an edge node or a device is. */
export class MachineRoutes {
  private readonly devices = new Map<string, string | null>();
  private readonly nodes = new Map<string, { readonly own: string | null; readonly named: readonly string[] }>();

  constructor(private readonly entries: SparkplugSettings['machines']) {}

  /** Null where no entry fits, or where what the template gives is no name of a machine. */
  ofDevice(name: NodeName, device: string): string | null {
    return remembered(this.devices, `${name.group}/${name.node}/${device}`, () => {
      const entry = this.entries.find((one) => one.device !== undefined && fits(one, name, device));
      return entry === undefined ? null : machineOf(entry, name, device);
    });
  }

  /** The machine that is the edge node itself. */
  ofNode(name: NodeName): string | null {
    return this.node(name).own;
  }

  /** Machines of devices of this node that the settings name, whether or not they have been seen. */
  namedDevices(name: NodeName): readonly string[] {
    return this.node(name).named;
  }

  private node(name: NodeName) {
    return remembered(this.nodes, `${name.group}/${name.node}`, () => {
      const entry = this.entries.find((one) => one.device === undefined && fits(one, name, null));
      const named = this.entries.flatMap((one) =>
        one.device === undefined || one.device === '+' || !fits(one, name, one.device)
          ? []
          : (machineOf(one, name, one.device) ?? []),
      );
      return { own: entry === undefined ? null : machineOf(entry, name, null), named };
    });
  }

  concerns(name: NodeName): boolean {
    return this.entries.some((entry) => fits(entry, name, entry.device ?? null));
  }

  /** Machines that are named without having seen anything; null where some of them are not. */
  fixed(): string[] | null {
    const names = this.entries.map(({ machine }) => machine);
    return names.every(isFixed) ? [...new Set(names)] : null;
  }

  /** Edge nodes that the settings name, whether or not they have been heard. */
  namedNodes(): NodeName[] {
    const names = this.entries.filter(({ group, node }) => group !== '+' && node !== '+');
    return [...new Map(names.map(({ group, node }) => [`${group}/${node}`, { group, node }])).values()];
  }

  /** Topic filters that bring what concerns these machines. */
  filters(): string[] {
    const groups = new Set(this.entries.map(({ group }) => group));
    return groups.has('+') ? ['spBv1.0/#'] : [...groups].map((group) => `spBv1.0/${group}/#`);
  }
}

const fits = (entry: Entry, { group, node }: NodeName, device: string | null): boolean =>
  (entry.group === '+' || entry.group === group) &&
  (entry.node === '+' || entry.node === node) &&
  (device === null || entry.device === '+' || entry.device === device);

/** What a name of a machine cannot have (a space, an umlaut) becomes a hyphen. */
const machineOf = (entry: Entry, { group, node }: NodeName, device: string | null): string | null => {
  const name = fillTemplate(entry.machine, (place) =>
    (place === 'group' ? group : place === 'node' ? node : (device ?? '')).replace(/[^A-Za-z0-9_.-]/g, '-'),
  );
  return isMachineName(name) ? name : null;
};

const MOST_REMEMBERED = 50_000;

/** Each message asks, so the answers are kept. */
const remembered = <T>(answers: Map<string, T>, key: string, find: () => T): T => {
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = find();
  if (answers.size < MOST_REMEMBERED) answers.set(key, answer);
  return answer;
};
