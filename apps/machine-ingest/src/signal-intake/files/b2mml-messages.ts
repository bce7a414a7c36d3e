import type { B2mmlDocument, B2mmlNode, B2mmlObject } from './b2mml-document';

/** One statement of a document, whole, with what surrounds it: a signal for a passthrough rule. */
export interface B2mmlMessage {
  /** Path of the signal: `ProductionRequest`, `SegmentResponse`, `MaterialActual`, `MaterialLot`, … */
  readonly kind: string;
  readonly value: { readonly [member: string]: unknown };
}

/** What the value of every message has beside its own elements. */
export interface B2mmlEnvelope {
  /** `Sync`, `Process`, `Change`, …; empty where the document is no transaction. */
  readonly Verb: string;
  /** RFC 3339 as it is written; null where it is missing. */
  readonly CreationDateTime: string | null;
  readonly Sender: string | null;
  /** Place of the statement in its document, from 1: what tells two equal statements apart. */
  readonly Position: number;
}

const VERBS = ['Acknowledge', 'Process', 'Confirm', 'Respond', 'Change', 'Cancel', 'Sync', 'Show', 'Get', 'Add'];

/**
 * The statements of a document, in its order. A request, a response, a segment, a material that was used and a lot each
 * become an event of their own, so each is a message of its own; what encloses it is named by its id.
 */
export const b2mmlMessages = ({ root, content }: B2mmlDocument): B2mmlMessage[] => {
  const verb = VERBS.find((one) => root.startsWith(one) && root.length > one.length) ?? '';
  const area = objectOf(content['ApplicationArea']);
  const envelope: Omit<B2mmlEnvelope, 'Position'> = {
    Verb: verb,
    CreationDateTime: textOf(area['CreationDateTime']),
    Sender: textOf(objectOf(area['Sender'])['LogicalID']),
  };
  const nouns: Array<readonly [string, B2mmlNode]> =
    verb === '' ? [[root, content]] : entriesOf(objectOf(content['DataArea'])).filter(([name]) => name !== verb);
  return nouns
    .flatMap(([name, node]) => statementsOf(name, objectOf(node), {}))
    .map(({ kind, value }, n) => ({ kind, value: { Message: { ...envelope, Position: n + 1 }, ...value } }));
};

type Context = { readonly [id: string]: string };

/** What of a kind is a statement of its own, and by which of its ids its parts know it. */
interface Kind {
  readonly parts: readonly string[];
  /** Names that its parts give its elements: `ID` under the first. */
  readonly ids: { readonly [as: string]: string };
  /** It says nothing beside its parts. */
  readonly only?: true;
}

const list = (name: string, ...parts: string[]): Kind => ({ parts, ids: { [`${name}ID`]: 'ID' }, only: true });

const KINDS: { readonly [kind: string]: Kind } = {
  ProductionSchedule: list('ProductionSchedule', 'ProductionRequest'),
  ProductionPerformance: list('ProductionPerformance', 'ProductionResponse'),
  OperationsSchedule: list('OperationsSchedule', 'OperationsRequest'),
  OperationsPerformance: list('OperationsPerformance', 'OperationsResponse'),
  WorkSchedule: list('WorkSchedule', 'WorkRequest', 'WorkSchedule'),
  WorkPerformance: list('WorkPerformance', 'WorkResponse', 'WorkPerformance'),
  JobList: list('JobList', 'JobOrder'),
  JobResponseList: list('JobResponseList', 'JobResponse'),
  MaterialInformation: list(
    'MaterialInformation',
    'MaterialClass',
    'MaterialDefinition',
    'MaterialLot',
    'MaterialSubLot',
  ),
  ProductionResponse: {
    parts: ['SegmentResponse'],
    ids: { ProductionResponseID: 'ID', ProductionRequestID: 'ProductionRequestID' },
  },
  OperationsResponse: {
    parts: ['SegmentResponse'],
    ids: { OperationsResponseID: 'ID', OperationsRequestID: 'OperationsRequestID' },
  },
  SegmentResponse: {
    parts: ['MaterialActual', 'MaterialProducedActual', 'MaterialConsumedActual', 'SegmentResponse'],
    ids: { SegmentResponseID: 'ID' },
  },
  WorkRequest: { parts: ['JobOrder', 'WorkRequest'], ids: { WorkRequestID: 'ID' } },
  WorkResponse: {
    parts: ['JobResponse', 'WorkResponse'],
    ids: { WorkResponseID: 'ID', WorkRequestID: 'WorkRequestID' },
  },
  JobResponse: { parts: ['MaterialActual'], ids: { JobResponseID: 'ID', JobOrderID: 'JobOrderID' } },
  MaterialLot: { parts: ['MaterialSubLot'], ids: { MaterialLotID: 'ID' } },
};

/** From V0700 on a part of its own kind is called so: `SegmentResponseChild`. */
const kindOf = (element: string): string => {
  const kind = element.replace(/Child$/, '');
  return Object.hasOwn(KINDS, kind) ? kind : element;
};

const statementsOf = (element: string, node: B2mmlObject, context: Context): B2mmlMessage[] => {
  const kind = kindOf(element);
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind]! : null;
  if (known === null) return [said(kind, node, context)];
  const { parts, ids, only } = known;
  const inner = Object.entries(ids).reduce((named, [as, id]) => withId(named, as, node[id]), context);
  const entries = entriesOf(node);
  const ofParts = entries
    .filter(([name]) => parts.includes(kindOf(name)))
    .flatMap(([name, child]) => statementsOf(name, objectOf(child), inner));
  if (only) return ofParts;
  const own = Object.fromEntries(Object.entries(node).filter(([name]) => !parts.includes(kindOf(name))));
  return [said(kind, own, context), ...ofParts];
};

const said = (kind: string, node: B2mmlObject, context: Context): B2mmlMessage => ({
  kind,
  value: { ...context, ...node },
});

const withId = (context: Context, as: string, id: B2mmlObject[string] | undefined): Context => {
  const text = textOf(id);
  return text === null ? context : { ...context, [as]: text };
};

const entriesOf = (node: B2mmlObject): Array<readonly [string, B2mmlNode]> =>
  Object.entries(node).flatMap(([name, child]) =>
    Array.isArray(child)
      ? (child as readonly B2mmlNode[]).map((one) => [name, one] as const)
      : [[name, child as B2mmlNode] as const],
  );

const objectOf = (node: B2mmlObject[string] | undefined): B2mmlObject =>
  typeof node === 'object' && !Array.isArray(node) ? (node as B2mmlObject) : {};

const textOf = (node: B2mmlObject[string] | undefined): string | null =>
  typeof node === 'string' && node !== '' ? node : null;
