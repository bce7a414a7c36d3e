import type { OpenSourceHealth } from '../source-kind';
import type { NodeName } from './machine-routes';

/** After so many a node that speaks on has most likely heard none of them. */
const TOO_MANY = 3;

/**
 * Requests for a rebirth that a node does not answer though it is there. All else looks well then: the broker is connected, and
 * it drops what an account may not publish without a word, at QoS 0 with no answer that it could stand in.
 */
export class UnansweredRebirths {
  private readonly waiting = new Map<string, { readonly asked: number; readonly heard: boolean }>();
  private told: OpenSourceHealth['lastError'] = null;

  /** What there is to tell of the last node that is so; its `at` is in Unix ms. */
  get lastError(): OpenSourceHealth['lastError'] {
    return this.told;
  }

  asked({ group, node }: NodeName, now: number): void {
    const key = `${group}/${node}`;
    const { asked, heard } = this.waiting.get(key) ?? { asked: 0, heard: false };
    this.waiting.set(key, { asked: asked + 1, heard });
    if (!heard || asked + 1 < TOO_MANY) return;
    const detail =
      `${key} has not answered ${asked + 1} requests for a rebirth: may this account publish to ` +
      `spBv1.0/${group}/NCMD/${node}?`;
    this.told = { at: now, detail };
  }

  /** It has said something else than a birth. */
  heard({ group, node }: NodeName): void {
    const key = `${group}/${node}`;
    const waiting = this.waiting.get(key);
    if (waiting !== undefined && !waiting.heard) this.waiting.set(key, { ...waiting, heard: true });
  }

  /** It was born, or has died: whoever is not there is not asked in vain. */
  over({ group, node }: NodeName): void {
    this.waiting.delete(`${group}/${node}`);
  }
}
