/**
 * Bytes of requests that may be under way at one time. Each holds its body and all that is read from it until Kafka has
 * acknowledged, so while Kafka is slow it is this that keeps the process from holding whatever a plant sends: the caller is
 * told to come again, and keeps its signals meanwhile.
 */
export class IntakeBudget {
  private taken = 0;

  constructor(private readonly bytes = INTAKE_BYTES) {}

  /** Gives the bytes back when it is called, once or more often; null when there is no room. */
  take(bytes: number): (() => void) | null {
    // a request that is alone always has room: one larger than all of it could never be sent
    if (this.taken > 0 && this.taken + bytes > this.bytes) return null;
    this.taken += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.taken -= bytes;
    };
  }

  get inFlight(): number {
    return this.taken;
  }
}

/** What is read of a body takes several times its bytes; six of the largest requests are more than one process needs. */
export const INTAKE_BYTES = 32 * 1024 * 1024;
