import { StreamsRefused } from './streams-document';
import { XmlReader } from './xml-reader';

/**
 * An MTConnectDevices document, what an agent answers to `probe`: which devices it has, and which data items these have.
 *
 *   <MTConnectDevices><Header instanceId="…" version="2.3.0.1" bufferSize="131072"/>
 *     <Devices><Device name="GFAgie01" uuid="mtc_adapter001">…<DataItem id="…" name="Xposition" category="SAMPLE"
 *                type="POSITION" subType="ACTUAL" units="MILLIMETER" nativeUnits="INCH"/>
 */
export interface AgentModel {
  readonly instanceId: string;
  readonly version: string;
  readonly devices: readonly DeviceModel[];
}

export interface DeviceModel {
  readonly name: string;
  readonly uuid: string;
  /** Agents from 2.0 on describe themselves as a device too. */
  readonly isAgent: boolean;
  /** By their ids. */
  readonly items: ReadonlyMap<string, DataItem>;
}

/** Texts are empty where the model has none. */
export interface DataItem {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly type: string;
  readonly subType: string;
  /** What the agent gives its values in; it has converted them from `nativeUnits` already. */
  readonly units: string;
  readonly nativeUnits: string;
  /** `VALUE`, `DATA_SET`, `TABLE`, `TIME_SERIES`; empty means `VALUE`. */
  readonly representation: string;
}

/** Data items of one agent; the largest models of whole plants have some ten thousand. */
const MAX_ITEMS = 200_000;

/** Reads the pieces of a document; every method throws StreamsRefused or XmlRefused. */
export class DeviceModelReader {
  private readonly xml = new XmlReader();
  private readonly above: string[] = [];
  private readonly devices: Array<{ name: string; uuid: string; isAgent: boolean; items: Map<string, DataItem> }> = [];
  private header: ReadonlyMap<string, string> | null = null;
  private error: { readonly code: string; text: string } | null = null;
  private items = 0;

  push(text: string): void {
    for (const token of this.xml.push(text)) {
      if (token.kind === 'open') this.open(token.name, token.attributes);
      else if (token.kind === 'close') this.above.pop();
      else if (this.error !== null) this.error.text = `${this.error.text} ${token.text.trim()}`.slice(0, 300).trim();
    }
  }

  end(): AgentModel {
    this.xml.end();
    if (this.error !== null)
      throw new StreamsRefused(
        'agent_error',
        `The agent answered: ${`${this.error.code} ${this.error.text}`.trim()}.`,
        this.error.code,
      );
    const instanceId = this.header?.get('instanceId') ?? '';
    if (!/^\d{1,20}$/.test(instanceId)) throw new StreamsRefused('not_streams', "The Header has no 'instanceId'.");
    return { instanceId, version: (this.header?.get('version') ?? '').slice(0, 40), devices: this.devices };
  }

  private open(name: string, attributes: ReadonlyMap<string, string>): void {
    this.above.push(name);
    const depth = this.above.length;
    if (depth === 1 && name !== 'MTConnectDevices' && name !== 'MTConnectError')
      throw new StreamsRefused('not_streams', `The document is <${name.slice(0, 60)}>, not MTConnectDevices.`);
    if (this.above[0] === 'MTConnectError') {
      if (this.error === null && attributes.has('errorCode'))
        this.error = { code: attributes.get('errorCode')!.slice(0, 60), text: '' };
      return;
    }
    if (depth === 2 && name === 'Header') this.header = attributes;
    if (depth === 3 && this.above[1] === 'Devices') this.device(name, attributes);
    if (name === 'DataItem' && this.above[depth - 2] === 'DataItems') this.item(attributes);
  }

  private device(element: string, attributes: ReadonlyMap<string, string>): void {
    const uuid = attributes.get('uuid') ?? '';
    const name = attributes.get('name') || uuid || (attributes.get('id') ?? '');
    this.devices.push({ name, uuid, isAgent: element === 'Agent', items: new Map() });
  }

  private item(attributes: ReadonlyMap<string, string>): void {
    const device = this.devices[this.devices.length - 1];
    const id = attributes.get('id') ?? '';
    if (device === undefined || id === '') return;
    if (++this.items > MAX_ITEMS)
      throw new StreamsRefused('too_large', `The document has more than ${MAX_ITEMS} data items.`);
    const text = (name: string) => (attributes.get(name) ?? '').slice(0, 256);
    device.items.set(id, {
      id,
      name: text('name'),
      category: text('category'),
      type: text('type'),
      subType: text('subType'),
      units: text('units'),
      nativeUnits: text('nativeUnits'),
      representation: text('representation'),
    });
  }
}

/** Name of a data item as the path of its signals: its own, or its id where it has none. */
export const pathOfItem = ({ name, id }: DataItem): string => name || id;

/** Paths that a device had and has no more. */
export const removedPaths = (before: DeviceModel, now: DeviceModel): string[] => {
  const left = new Set([...now.items.values()].map(pathOfItem));
  return [...new Set([...before.items.values()].map(pathOfItem))].filter((path) => !left.has(path));
};
