import type { SourceKind } from '../source-kind';
import { OpcuaSource } from './opcua.source';
import { machinesOf, type OpcuaSettings, opcuaSettings, peerOf } from './opcua-settings';
import { tryOpcua } from './try-opcua';

/** Values, alarms and conditions of an OPC UA server, by subscription. */
export const opcuaSourceKind: SourceKind<OpcuaSettings> = {
  type: 'opcua',
  says: 'Subscribes to nodes, and to alarms and conditions, of an OPC UA server.',
  settings: opcuaSettings,
  secrets: ['user.password', 'user.key'],
  machines: machinesOf,
  reaches: (settings) => [{ kind: 'peer', ...peerOf(settings), path: 'endpointUrl' }],
  tryOnce: tryOpcua,
  open: (settings, context) => new OpcuaSource(settings, context),
};
