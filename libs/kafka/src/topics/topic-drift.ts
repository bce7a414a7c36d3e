import type { TopicSpec } from '@millrace/protocol';

/** A topic as the brokers have it. */
export interface TopicFound {
  readonly partitions: number;
  readonly config: { readonly [name: string]: string | null };
}

export type TopicDrift =
  | { readonly kind: 'missing'; readonly sentence: string }
  | { readonly kind: 'partitions'; readonly sentence: string }
  | { readonly kind: 'config'; readonly sentence: string };

/** How a topic differs from what it should be; settings that the spec does not name are left alone. */
export const driftOf = (spec: TopicSpec, found: TopicFound | undefined): TopicDrift[] => {
  if (!found) return [{ kind: 'missing', sentence: `topic ${spec.name} is missing` }];
  const drifts: TopicDrift[] = [];
  if (found.partitions !== spec.partitions)
    drifts.push({
      kind: 'partitions',
      sentence: `topic ${spec.name} has ${found.partitions} partitions instead of ${spec.partitions}`,
    });
  for (const [name, value] of Object.entries(spec.config)) {
    const actual = found.config[name] ?? null;
    if (actual !== value)
      drifts.push({
        kind: 'config',
        sentence: `topic ${spec.name} has ${name}=${actual ?? 'nothing'} instead of ${value}`,
      });
  }
  return drifts;
};
