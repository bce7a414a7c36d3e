import { randomBytes } from 'node:crypto';
import { filesSourceKind } from './signal-intake/files/files.kind';
import { httpSourceKind } from './signal-intake/http/push/http-source.kind';
import { mtconnectSourceKind } from './signal-intake/mtconnect/mtconnect.kind';
import { shdrSourceKind } from './signal-intake/shdr/shdr.kind';
import { type RegisteredKind, registered } from './signal-intake/source-registry';

/** Every kind of source of this release. */
export const sourceKinds = (): RegisteredKind[] => [
  registered(filesSourceKind),
  registered(httpSourceKind(() => `mrs_${randomBytes(24).toString('base64url')}`)),
  registered(mtconnectSourceKind),
  registered(shdrSourceKind),
];
