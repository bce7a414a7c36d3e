import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Where a list goes on. The cursor is the last item's sort key with a MAC over the tenant and the list, so it cannot be
 * made up, and one tenant's cursor, or another list's, is no cursor here.
 */
export class PageCursors {
  private readonly key: Buffer;

  /** The MAC key is derived, so that a cursor never bears on what the encryption key seals. */
  constructor(encryptionKey: Buffer) {
    this.key = createHmac('sha256', encryptionKey).update('millrace page cursor').digest();
  }

  write(tenant: string, list: string, position: string): string {
    return `${Buffer.from(position).toString('base64url')}.${this.mac(tenant, list, position).toString('base64url')}`;
  }

  /** The position, or null for a text that this tenant was not given for this list. */
  read(tenant: string, list: string, cursor: string): string | null {
    const dot = cursor.indexOf('.');
    if (dot < 0 || cursor.length > 1024) return null;
    const position = Buffer.from(cursor.slice(0, dot), 'base64url').toString('utf8');
    const given = Buffer.from(cursor.slice(dot + 1), 'base64url');
    const expected = this.mac(tenant, list, position);
    return given.length === expected.length && timingSafeEqual(given, expected) ? position : null;
  }

  private mac(tenant: string, list: string, position: string): Buffer {
    return createHmac('sha256', this.key)
      .update(JSON.stringify([tenant, list, position]))
      .digest()
      .subarray(0, 16);
  }
}
