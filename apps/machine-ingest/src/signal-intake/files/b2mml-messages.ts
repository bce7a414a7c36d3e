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

const statementsOf = (kind: string, node: B2mmlObject, context: Context): B2mmlMessage[] => {
  switch (kind) {
    case 'ProductionSchedule':
      return within(node, ['ProductionRequest'], named(context, 'ProductionScheduleID', node));
    case 'ProductionPerformance':
      return within(node, ['ProductionResponse'], named(context, 'ProductionPerformanceID', node));
    case 'ProductionRequest':
      return [said(kind, node, context)];
    case 'ProductionResponse':
      return [
        said(kind, without(node, ['SegmentResponse']), context),
        ...within(node, ['SegmentResponse'], {
          ...named(context, 'ProductionResponseID', node),
          ...named({}, 'ProductionRequestID', node, 'ProductionRequestID'),
        }),
      ];
    case 'SegmentResponse': {
      const parts = ['MaterialActual', 'MaterialProducedActual', 'MaterialConsumedActual', 'SegmentResponse'];
      return [
        said(kind, without(node, parts), context),
        ...within(node, parts, named(context, 'SegmentResponseID', node)),
      ];
    }
    case 'MaterialInformation':
      return within(
        node,
        ['MaterialClass', 'MaterialDefinition', 'MaterialLot'],
        named(context, 'MaterialInformationID', node),
      );
    case 'MaterialLot':
      return [
        said(kind, without(node, ['MaterialSubLot']), context),
        ...within(node, ['MaterialSubLot'], named(context, 'MaterialLotID', node)),
      ];
    default:
      return [said(kind, node, context)];
  }
};

const said = (kind: string, node: B2mmlObject, context: Context): B2mmlMessage => ({
  kind,
  value: { ...context, ...node },
});

const within = (node: B2mmlObject, names: readonly string[], context: Context): B2mmlMessage[] =>
  entriesOf(node)
    .filter(([name]) => names.includes(name))
    .flatMap(([name, child]) => statementsOf(name, objectOf(child), context));

const without = (node: B2mmlObject, names: readonly string[]): B2mmlObject =>
  Object.fromEntries(Object.entries(node).filter(([name]) => !names.includes(name)));

const named = (context: Context, as: string, node: B2mmlObject, element = 'ID'): Context => {
  const id = textOf(node[element]);
  return id === null ? context : { ...context, [as]: id };
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
