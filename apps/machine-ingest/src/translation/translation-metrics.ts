import { metrics } from '@millrace/telemetry';

export interface TranslationReadings {
  /** Age of the oldest signal that is not folded and told yet, ms. */
  readonly behindMs: number;
  /** Mappings that are waited for. */
  readonly awaited: number;
}

/** What the translation of signals tells of itself, read at each scrape. */
export const tellTranslation = (read: () => TranslationReadings): void => {
  metrics.callbackGauge(
    'millrace_signals_behind_seconds',
    'Age of the oldest stored signal that this process has not made events of yet.',
    [],
    () => read().behindMs / 1_000,
  );
  metrics.callbackGauge(
    'millrace_mappings_awaited',
    'Mappings that signals name and that are not here: their partitions wait.',
    [],
    () => read().awaited,
  );
};
