import { randomBytes } from 'node:crypto';
import { filesSourceKind } from './signal-intake/files/files.kind';
import { httpSourceKind } from './signal-intake/http/push/http-source.kind';
import { modbusSourceKind } from './signal-intake/modbus/modbus.kind';
import { mqttSourceKind } from './signal-intake/mqtt/mqtt.source-kind';
import { mtconnectSourceKind } from './signal-intake/mtconnect/mtconnect.kind';
import { mtconnectRecordingKind } from './signal-intake/mtconnect/mtconnect-recording.kind';
import { opcuaSourceKind } from './signal-intake/opcua/opcua-source-kind';
import { shdrSourceKind } from './signal-intake/shdr/shdr.kind';
import { shdrRecordingKind } from './signal-intake/shdr/shdr-recording.kind';
import { type RegisteredKind, registered } from './signal-intake/source-registry';
import { sparkplugSourceKind } from './signal-intake/sparkplug/sparkplug.source-kind';

/** Every kind of source of this release. */
export const sourceKinds = (): RegisteredKind[] => [
  registered(httpSourceKind(() => `mrs_${randomBytes(24).toString('base64url')}`)),
  registered(mqttSourceKind),
  registered(sparkplugSourceKind),
  registered(opcuaSourceKind),
  registered(mtconnectSourceKind),
  registered(shdrSourceKind),
  registered(modbusSourceKind),
  registered(filesSourceKind),
  registered(mtconnectRecordingKind),
  registered(shdrRecordingKind),
];
