import { XmlReader, XmlRefused, type XmlToken } from '../mtconnect/xml-reader';
import { FileRefused } from './file-row';

/**
 * An element of a B2MML document as JSON: an element with text is that text, as it is written (`00217`, `24.910`, seven
 * digits of a second); one with elements is an object. What the schema lets stand several times is a list always, so that a
 * mapping need not ask. Attributes (languageID, schemeID) are left out.
 */
export type B2mmlNode = string | B2mmlObject;
export interface B2mmlObject {
  readonly [element: string]: B2mmlNode | readonly B2mmlNode[];
}

export interface B2mmlDocument {
  /** Name of the root, without its prefix: `SyncProductionSchedule`. */
  readonly root: string;
  readonly content: B2mmlObject;
}

/** Elements that the B2MML schemas (V0401 to V0700) let stand several times. */
const REPEATED = new Set([
  ...['ProductionRequest', 'ProductionResponse', 'SegmentRequirement', 'SegmentResponse', 'RequiredByRequestedSegment'],
  ...['MaterialRequirement', 'MaterialActual', 'MaterialProducedRequirement', 'MaterialConsumedRequirement'],
  ...['MaterialProducedActual', 'MaterialConsumedActual', 'ConsumableExpected', 'ConsumableActual'],
  ...['PersonnelRequirement', 'PersonnelActual', 'EquipmentRequirement', 'EquipmentActual'],
  ...['ProductionParameter', 'ProductionData', 'Parameter', 'Value', 'Description'],
  ...['MaterialClass', 'MaterialDefinition', 'MaterialLot', 'MaterialSubLot', 'AssemblyLot'],
  ...['ProductionSchedule', 'ProductionPerformance', 'MaterialInformation'],
  ...['OperationsSchedule', 'OperationsRequest', 'OperationsPerformance', 'OperationsResponse'],
  ...['WorkSchedule', 'WorkRequest', 'WorkPerformance', 'WorkResponse', 'JobList', 'JobOrder', 'JobResponse'],
  ...['SegmentParameter', 'SegmentData', 'JobOrderParameter', 'JobResponseData', 'RequestedSegmentResponse'],
  ...['PhysicalAssetRequirement', 'PhysicalAssetActual'],
]);
const isRepeated = (name: string): boolean => REPEATED.has(name) || name.endsWith('Property') || name.endsWith('Child');

const NAMESPACE = /B2MML/i;

interface Open {
  readonly name: string;
  readonly children: { [name: string]: B2mmlNode | B2mmlNode[] };
  empty: boolean;
  text: string;
}

/** Throws FileRefused; a document that is cut off is refused whole. */
export const readB2mml = (text: string): B2mmlDocument => {
  const builder = new TreeBuilder();
  try {
    const reader = new XmlReader();
    for (let at = 0; at < text.length; at += PIECE)
      for (const token of reader.push(text.slice(at, at + PIECE))) builder.take(token);
    reader.end();
  } catch (error) {
    if (error instanceof XmlRefused) throw new FileRefused(error.code, error.message);
    throw error;
  }
  return builder.document();
};

const PIECE = 64 * 1024;

class TreeBuilder {
  private readonly open: Open[] = [];
  private root: B2mmlDocument | null = null;

  take(token: XmlToken): void {
    switch (token.kind) {
      case 'open': {
        if (this.open.length === 0 && ![...token.attributes.values()].some((value) => NAMESPACE.test(value)))
          throw new FileRefused('not_b2mml', `The root <${token.name.slice(0, 60)}> is in no namespace of B2MML.`);
        // no prototype: an element may have any name
        this.open.push({ name: token.name, children: Object.create(null) as Open['children'], empty: true, text: '' });
        return;
      }
      case 'text':
        this.open[this.open.length - 1]!.text += token.text;
        return;
      case 'close':
        this.close(this.open.pop()!);
    }
  }

  document(): B2mmlDocument {
    if (this.root === null) throw new FileRefused('malformed', 'The document has no element.');
    return this.root;
  }

  private close(closed: Open): void {
    const parent = this.open[this.open.length - 1];
    if (parent === undefined) {
      this.root = { root: closed.name, content: closed.children };
      return;
    }
    const node: B2mmlNode = closed.empty ? closed.text.trim() : closed.children;
    parent.empty = false;
    const there = parent.children[closed.name];
    if (Array.isArray(there)) there.push(node);
    else if (there !== undefined) parent.children[closed.name] = [there as B2mmlNode, node];
    else parent.children[closed.name] = isRepeated(closed.name) ? [node] : node;
  }
}
