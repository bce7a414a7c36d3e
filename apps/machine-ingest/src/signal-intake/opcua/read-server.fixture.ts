import type { MachineState, Signal } from '@millrace/domain';
import { dryRun, readMapping } from '@millrace/machine-mapping';
import { eventually } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import type { OpcuaServerProcess } from './opcua-server.fixture';
import { opcuaSettings } from './opcua-settings';
import { opcuaSourceKind } from './opcua-source-kind';

const MACHINE = 'press-01';
const WITHIN_MS = 20_000;

interface FoldedEvent {
  readonly type: string;
  readonly data: { readonly [member: string]: unknown };
}

interface Folded {
  readonly events: readonly FoldedEvent[];
  readonly state: MachineState;
}

/** A server of a test as a source reads it, and what came of that. */
export class ReadServer {
  readonly sink = new MemorySink();
  source: OpenSource | null = null;
  /** It is asked for again and again until something has come. */
  private lastFolded: { readonly of: string; readonly folded: Folded } | null = null;

  constructor(
    readonly server: OpcuaServerProcess,
    /** Folder of our own certificate. */
    private readonly folder: string,
  ) {}

  /** Settings as they are unless told, but for a quick pace and no security. */
  open(change: object): OpenSource {
    const settings = opcuaSettings.parse({
      endpointUrl: this.server.endpointUrl,
      securityMode: 'None',
      securityPolicy: 'None',
      machine: MACHINE,
      publishingIntervalMs: 50,
      keepAliveMs: 1_000,
      ...change,
    });
    this.source = openOn(opcuaSourceKind, settings, this.sink, this.folder);
    return this.source;
  }

  of(path: string): Signal[] {
    return this.sink.appended.filter((signal) => signal.path === path);
  }

  last(path: string): Signal | undefined {
    return this.sink.appended.findLast((signal) => signal.path === path);
  }

  /** Values of a path in the order in which they were stored; of a snapshot with a star. */
  said(path: string): string[] {
    return this.of(path).map(({ value, flags }) => `${String(value)}${flags.includes('snapshot') ? '*' : ''}`);
  }

  words(): string[] {
    return this.sink.lifecycle().filter((word) => word !== 'alive');
  }

  async comes(path: string, expected: object, withinMs = WITHIN_MS): Promise<void> {
    await eventually(
      () => {
        expect(this.last(path)).toMatchObject(expected);
        return true;
      },
      `${path} to be ${JSON.stringify(expected)}`,
      withinMs,
    );
  }

  set(name: string, value: number | boolean): Promise<void> {
    const type = typeof value === 'number' ? 'Double' : 'Boolean';
    return this.server.order({ do: 'set', nodeId: `ns=1;s=${name}`, type, value });
  }

  async close(): Promise<void> {
    await this.source?.stop();
    this.source = null;
  }

  /** What a mapping makes of all that was stored so far, of a source that it calls `press`. */
  folded(mapping: string): Folded {
    const of = `${this.sink.appended.length} ${mapping}`;
    if (this.lastFolded?.of !== of) this.lastFolded = { of, folded: this.fold(mapping) };
    return this.lastFolded.folded;
  }

  private fold(mapping: string): Folded {
    const read = readMapping(mapping);
    if (read.kind !== 'mapping') throw new Error(JSON.stringify(read));
    const heard = this.sink.appended.map((signal) => ({ ...signal, source: 'press' }));
    const { events, states } = dryRun(read.machines, heard, { tenant: 'default' });
    return {
      events: events.map(({ event: { type, data } }) => ({ type, data: JSON.parse(data) as FoldedEvent['data'] })),
      state: states[MACHINE]!,
    };
  }
}
