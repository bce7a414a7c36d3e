import { SIGNAL_LIMITS } from '@millrace/domain';
import {
  AttributeIds,
  BrowseDirection,
  BrowsePath,
  browseAll,
  NodeClass,
  resolveNodeId,
  VariableIds,
} from 'node-opcua-client';
import { SourceProblem } from '../source-kind';
import { inCalls } from './bounded-calls';
import type { ServerSession } from './connect-server';
import { statusNameOf } from './connection-problem';
import { type EngineeringUnit, ucumOf } from './engineering-unit';
import type { OpcuaSettings } from './opcua-settings';

/** A node whose value is to be read, and whose signals it becomes. */
export interface FoundItem {
  /** With the number of its namespace, as the server counts now. */
  readonly nodeId: string;
  readonly machine: string;
  readonly path: string;
  readonly samplingMs: number | null;
  readonly queueSize: number;
}

export interface FoundNotifier {
  readonly nodeId: string;
  readonly machine: string;
}

/** How much a server takes in one call (OPC 10000-5, 6.3.11). */
export interface OperationLimits {
  readonly read: number;
  readonly browse: number;
  readonly translate: number;
  readonly monitor: number;
}

/** One after another, since servers answer large calls late and parallel ones not at all. */
const MOST_IN_CALL = 1_000;
const MOST_FOUND = 50_000;
/** Values that the server keeps for us while none is asked for; where it allows less it says so. */
const QUEUE_SIZE = 10;

export const readLimits = async (session: ServerSession): Promise<OperationLimits> => {
  const ids = [
    VariableIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    VariableIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    VariableIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    VariableIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
  ];
  const values = await session.read(ids.map((id) => ({ nodeId: `ns=0;i=${id}`, attributeId: AttributeIds.Value })));
  const [read, browse, translate, monitor] = values.map(({ value }) => {
    const limit = Number(value?.value ?? 0);
    return limit > 0 ? Math.min(limit, MOST_IN_CALL) : MOST_IN_CALL;
  }) as [number, number, number, number];
  return { read, browse, translate, monitor };
};

const NAMESPACE_URI = /^nsu=([^;]+);(.+)$/s;
/** No server has so many namespaces: what is in a namespace that it lacks, it does not know, and says so. */
const NO_NAMESPACE = 65_535;

/** Writes a node id with the number that its namespace has on this server at this time. */
export const resolveNamespace = (nodeId: string, namespaces: readonly string[]): string => {
  const named = NAMESPACE_URI.exec(nodeId);
  if (named === null) return String(resolveNodeId(nodeId));
  const index = namespaces.indexOf(named[1]!);
  return String(resolveNodeId(`ns=${index < 0 ? NO_NAMESPACE : index};${named[2]}`));
};

/** The same node after its namespace was given another number. */
const renumber = (nodeId: string, before: readonly string[], now: readonly string[]): string => {
  const [, index, rest] = /^ns=(\d+);(.*)$/s.exec(nodeId) ?? [];
  const uri = index === undefined ? undefined : before[Number(index)];
  return uri === undefined ? nodeId : resolveNamespace(`nsu=${uri};${rest}`, now);
};

export interface Found {
  readonly items: readonly FoundItem[];
  readonly notifiers: readonly FoundNotifier[];
  /** Places in `browse` whose root the server does not know. */
  readonly missingRoots: readonly number[];
  readonly namespaces: readonly string[];
}

/**
 * What the settings name, on this server. `known`: what an earlier connection found; a node that was browsed once is asked for
 * again even when it is not found any more, so that the server's "unknown" becomes a signal instead of silence.
 */
export const findItems = async (
  session: ServerSession,
  settings: OpcuaSettings,
  limits: OperationLimits,
  known: Found | null,
): Promise<Found> => {
  const namespaces = await session.readNamespaceArray();
  const items = new Map<string, FoundItem>();
  const paths = new Set<string>();
  const add = (item: FoundItem): void => {
    const key = `${item.machine}\n${item.nodeId}`;
    if (items.has(key)) return;
    const taken = paths.has(`${item.machine}\n${item.path}`) || item.path.length > SIGNAL_LIMITS.pathLength;
    const path = taken ? item.nodeId : item.path;
    if (path.length > SIGNAL_LIMITS.pathLength) return;
    paths.add(`${item.machine}\n${path}`);
    items.set(key, { ...item, path });
    if (items.size > MOST_FOUND)
      throw new SourceProblem(
        'too_many',
        `More than ${MOST_FOUND} variables lie below the nodes of "browse". Name a root further down, or a smaller depth.`,
        'browse',
      );
  };
  for (const node of settings.nodes)
    add({
      nodeId: resolveNamespace(node.nodeId, namespaces),
      machine: node.machine ?? settings.machine,
      path: node.path ?? node.nodeId,
      samplingMs: node.samplingMs ?? null,
      queueSize: node.queueSize ?? QUEUE_SIZE,
    });
  const missingRoots: number[] = [];
  for (const [index, root] of settings.browse.entries()) {
    const found = await browseVariables(session, resolveNamespace(root.root, namespaces), root.depth, limits);
    if (found === null) missingRoots.push(index);
    for (const { nodeId, path } of found ?? [])
      add({
        nodeId,
        path,
        machine: root.machine ?? settings.machine,
        samplingMs: root.samplingMs ?? null,
        queueSize: root.queueSize ?? QUEUE_SIZE,
      });
  }
  for (const item of known?.items ?? [])
    add({ ...item, nodeId: renumber(item.nodeId, known?.namespaces ?? [], namespaces) });
  return {
    items: [...items.values()],
    notifiers: settings.events.map((event) => ({
      nodeId: resolveNamespace(event.notifier, namespaces),
      machine: event.machine ?? settings.machine,
    })),
    missingRoots,
    namespaces,
  };
};

const HIERARCHICAL = 'ns=0;i=33';
const HAS_PROPERTY = 'ns=0;i=46';

/** Variables below a node, breadth first, each once; null where the node does not exist. Properties describe, they do not tell. */
const browseVariables = async (
  session: ServerSession,
  root: string,
  depth: number,
  limits: OperationLimits,
): Promise<ReadonlyArray<{ readonly nodeId: string; readonly path: string }> | null> => {
  const seen = new Set([root]);
  const variables: Array<{ nodeId: string; path: string }> = [];
  let level = [{ nodeId: root, path: '' }];
  for (let below = 1; below <= depth && level.length > 0; below++) {
    const next: typeof level = [];
    let known = true;
    await inCalls(level, limits.browse, async (chunk) => {
      if (seen.size > MOST_FOUND * 2) return;
      const results = await browseAll(
        session,
        chunk.map(({ nodeId }) => ({
          nodeId,
          referenceTypeId: HIERARCHICAL,
          includeSubtypes: true,
          browseDirection: BrowseDirection.Forward,
          nodeClassMask: NodeClass.Object | NodeClass.Variable,
          resultMask: 0x3f,
        })),
      );
      for (const [index, result] of results.entries()) {
        if (!result.statusCode.isGood()) {
          known = known && below > 1;
          continue;
        }
        for (const reference of result.references ?? []) {
          const nodeId = String(reference.nodeId);
          if (seen.has(nodeId) || String(reference.referenceTypeId) === HAS_PROPERTY) continue;
          seen.add(nodeId);
          const parent = chunk[index]!.path;
          const name = reference.browseName.name ?? nodeId;
          const found = { nodeId, path: parent === '' ? name : `${parent}/${name}` };
          if (reference.nodeClass === NodeClass.Variable) variables.push(found);
          next.push(found);
          if (seen.size > MOST_FOUND * 2) return;
        }
      }
    });
    if (!known) return null;
    if (seen.size > MOST_FOUND * 2) return variables;
    level = next;
  }
  return variables;
};

const ENGINEERING_UNITS = 'EngineeringUnits';

interface UnitProperty {
  readonly nodeId: string;
  readonly property: string;
}

/** The EngineeringUnits properties of nodes, by their paths; of a server that follows no path, by browsing each node. */
const unitProperties = async (
  session: ServerSession,
  nodeIds: readonly string[],
  limits: OperationLimits,
): Promise<UnitProperty[]> => {
  try {
    return await translatedUnitProperties(session, nodeIds, limits);
  } catch (error) {
    if (statusNameOf(error) !== 'BadServiceUnsupported') throw error;
    return browsedUnitProperties(session, nodeIds, limits);
  }
};

const translatedUnitProperties = async (
  session: ServerSession,
  nodeIds: readonly string[],
  limits: OperationLimits,
): Promise<UnitProperty[]> => {
  const properties: UnitProperty[] = [];
  await inCalls(nodeIds, limits.translate, async (chunk) => {
    const results = await session.translateBrowsePath(
      chunk.map(
        (nodeId) =>
          new BrowsePath({
            startingNode: resolveNodeId(nodeId),
            relativePath: {
              elements: [
                {
                  referenceTypeId: resolveNodeId(HAS_PROPERTY),
                  isInverse: false,
                  includeSubtypes: true,
                  targetName: { namespaceIndex: 0, name: ENGINEERING_UNITS },
                },
              ],
            },
          }),
      ),
    );
    for (const [index, result] of results.entries()) {
      const target = result.statusCode.isGood() ? result.targets?.[0] : undefined;
      if (target !== undefined) properties.push({ nodeId: chunk[index]!, property: String(target.targetId) });
    }
  });
  return properties;
};

const browsedUnitProperties = async (
  session: ServerSession,
  nodeIds: readonly string[],
  limits: OperationLimits,
): Promise<UnitProperty[]> => {
  const properties: UnitProperty[] = [];
  await inCalls(nodeIds, limits.browse, async (chunk) => {
    const results = await browseAll(
      session,
      chunk.map((nodeId) => ({
        nodeId,
        referenceTypeId: HAS_PROPERTY,
        includeSubtypes: true,
        browseDirection: BrowseDirection.Forward,
        nodeClassMask: NodeClass.Variable,
        resultMask: 0x3f,
      })),
    );
    for (const [index, { references }] of results.entries()) {
      const found = references?.find(({ browseName }) => browseName.name === ENGINEERING_UNITS);
      if (found !== undefined) properties.push({ nodeId: chunk[index]!, property: String(found.nodeId) });
    }
  });
  return properties;
};

/** UCUM units of nodes that have an EngineeringUnits property, by node id. A unit that is not known here is left out. */
export const readUnits = async (
  session: ServerSession,
  nodeIds: readonly string[],
  limits: OperationLimits,
): Promise<ReadonlyMap<string, string>> => {
  const properties = await unitProperties(session, nodeIds, limits);
  const units = new Map<string, string>();
  await inCalls(properties, limits.read, async (chunk) => {
    const values = await session.read(
      chunk.map(({ property }) => ({ nodeId: property, attributeId: AttributeIds.Value })),
    );
    for (const [index, { value }] of values.entries()) {
      const unit = value?.value === undefined ? null : readUnit(value.value);
      const ucum = unit === null ? null : ucumOf(unit);
      if (ucum !== null) units.set(chunk[index]!.nodeId, ucum);
    }
  });
  return units;
};

const readUnit = (value: unknown): EngineeringUnit | null => {
  if (typeof value !== 'object' || value === null || !('unitId' in value)) return null;
  const { namespaceUri, unitId, displayName } = value as {
    namespaceUri?: string | null;
    unitId: number;
    displayName?: { text?: string | null };
  };
  return { namespaceUri: namespaceUri ?? null, unitId: Number(unitId), displayName: displayName?.text ?? '' };
};
