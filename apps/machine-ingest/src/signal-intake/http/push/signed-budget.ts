import { SIGNALS_LIMITS } from '@millrace/protocol';

/** Messages of the largest size that may come to one address at one time. */
const AT_ONE_ADDRESS = 16;
/** And to all of them. */
const IN_ALL = 64;

/**
 * Bytes of signed messages that may be under way at one time. Their senders are known only after the body, so anybody may
 * take this room: it is none of those who are known before (IntakeBudget), and each address has a share that what is sent to
 * the others does not touch. What comes to an address behind which there is nobody counts to its share, or a stranger could
 * tell it by that; nothing of it is held, so it takes none of the room of all.
 */
export class SignedBudget {
  private readonly shares = new Map<string, number>();
  private held = 0;

  constructor(
    private readonly bytesOfShare = AT_ONE_ADDRESS * SIGNALS_LIMITS.signedBytes,
    private readonly bytesInAll = IN_ALL * SIGNALS_LIMITS.signedBytes,
  ) {}

  /**
   * Gives the bytes back when it is called, once or more often; null when there is no room.
   *
   * @param address where they are sent to
   * @param kept whether they are held at all
   */
  take(address: string, bytes: number, kept: boolean): (() => void) | null {
    const share = this.shares.get(address) ?? 0;
    const held = kept ? bytes : 0;
    if (share + bytes > this.bytesOfShare || this.held + held > this.bytesInAll) return null;
    this.shares.set(address, share + bytes);
    this.held += held;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.held -= held;
      const rest = this.shares.get(address)! - bytes;
      if (rest > 0) this.shares.set(address, rest);
      else this.shares.delete(address);
    };
  }

  get inFlight(): { readonly addresses: number; readonly held: number } {
    return { addresses: this.shares.size, held: this.held };
  }
}
