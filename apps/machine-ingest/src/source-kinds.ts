import { randomBytes } from 'node:crypto';
import { httpSourceKind } from './signal-intake/http/push/http-source.kind';
import { type RegisteredKind, registered } from './signal-intake/source-registry';

/** Every kind of source of this release. */
export const sourceKinds = (): RegisteredKind[] => [
  registered(httpSourceKind(() => `mrs_${randomBytes(24).toString('base64url')}`)),
];
