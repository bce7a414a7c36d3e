import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * A cursor names the row after which the next page begins. It is signed together with the tenant and the filter that it
 * was made for: made up, taken from another tenant, or used with another filter, it is refused.
 */
export interface Position {
  /** Unix ms. */
  readonly at: number;
  readonly id: string;
}

const MAC_BYTES = 16;
const LIMIT = 512;

export class CursorSeal {
  /** `key`: a secret of the site. */
  constructor(private readonly key: Buffer) {}

  seal(position: Position, tenant: string, filter: string): string {
    const payload = Buffer.from(JSON.stringify([position.at, position.id]));
    return Buffer.concat([this.mac(payload, tenant, filter), payload]).toString('base64url');
  }

  /** Null for a cursor that this site did not make for this tenant and filter. */
  open(cursor: string, tenant: string, filter: string): Position | null {
    if (cursor.length > LIMIT) return null;
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== cursor) return null;
    const payload = bytes.subarray(MAC_BYTES);
    if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), this.mac(payload, tenant, filter))) return null;
    const [at, id] = JSON.parse(payload.toString('utf8')) as [number, string];
    return { at, id };
  }

  private mac(payload: Buffer, tenant: string, filter: string): Buffer {
    return createHmac('sha256', this.key)
      .update(`history-cursor\n${JSON.stringify([tenant, filter])}\n`)
      .update(payload)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}
