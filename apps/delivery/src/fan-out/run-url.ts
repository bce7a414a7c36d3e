import { type Endpoint, type Event, type EventRefusal, runReceiverId, runUrlOf } from '@millrace/domain';
import type { DirectoryEntry } from '../directory/match-index';

/** Judges a URL by this deployment's policy; gives its normalised form, or a text for people. */
export type DestinationCheck = (
  url: string,
) => { readonly ok: true; readonly url: string } | { readonly ok: false; readonly detail: string };

export type RunUrl =
  | { readonly kind: 'none' }
  | { readonly kind: 'receiver'; readonly entry: DirectoryEntry }
  | { readonly kind: 'refused'; readonly refusal: EventRefusal };

const refused = (detail: string): RunUrl => ({
  kind: 'refused',
  refusal: { code: 'run_url_refused', field: 'data.webhook_url', detail },
});

/**
 * Pure: the receiver that an eClips run brings itself. It is signed for with the tenant's run secret, whose endpoint is
 * `standing`; without one, and where the URL may not be sent to, it is refused, and the event's other deliveries are not.
 */
export const runUrl = (event: Event, standing: Endpoint | undefined, check: DestinationCheck): RunUrl => {
  const asked = runUrlOf(event);
  if (asked === undefined) return { kind: 'none' };
  if (typeof asked !== 'string') return refused('The run URL is not a text, so nothing was sent to it.');
  if (standing === undefined)
    return refused(
      'The tenant has no run secret to sign with, so nothing was sent to the run URL. Make one: POST /v1/webhooks/run-secret.',
    );
  const checked = check(asked);
  if (!checked.ok) return refused(`Nothing was sent to the run URL: ${checked.detail}`);
  const { origin } = new URL(checked.url);
  return {
    kind: 'receiver',
    entry: { endpoint: { ...standing, id: runReceiverId(standing.id, origin), url: checked.url } },
  };
};
