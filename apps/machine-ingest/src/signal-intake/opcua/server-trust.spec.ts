import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownCertificate } from './own-certificate';
import { judgeCertificate, legacyThumbprintOf } from './server-trust';

describe('certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('of its own is made once, for its owner to read, whoever asks first', async () => {
    const made = await Promise.all([1, 2, 3].map(() => ownCertificate(folder, Date.now())));
    expect(new Set(made.map(({ thumbprint }) => thumbprint)).size).toBe(1);
    expect(statSync(join(folder, 'opcua-own-certificate.pem')).mode & 0o077).toBe(0);
    expect((await ownCertificate(folder, Date.now())).der).toEqual(made[0]!.der);
  });

  it('of a server are trusted by identity and by nothing else', async () => {
    const { der, pem, thumbprint } = await ownCertificate(folder, Date.now());
    const spaced = thumbprint.toLowerCase().replace(/(..)(?=.)/g, '$1:');
    expect(judgeCertificate({ thumbprint: spaced }, null, der).kind).toBe('trusted');
    expect(judgeCertificate({ pem }, null, der).kind).toBe('trusted');
    expect(judgeCertificate({ trust: 'first-use' }, null, der).kind).toBe('trusted');
    expect(judgeCertificate({ trust: 'first-use' }, thumbprint, der).kind).toBe('trusted');
    const other = '0'.repeat(64);
    for (const [named, remembered] of [
      [null, null],
      [{ thumbprint: other }, thumbprint],
      [{ trust: 'first-use' }, other],
    ] as const) {
      const trust = judgeCertificate(named, remembered, der);
      expect(trust.kind).toBe('refused');
      if (trust.kind !== 'refused') return;
      expect(trust.detail).toContain(thumbprint);
      expect(trust.detail).toContain(legacyThumbprintOf(der));
    }
  });
});
