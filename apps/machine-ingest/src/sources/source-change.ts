import { HIDDEN_VALUE } from '@millrace/domain';
import { hiddenSettings, isGiven, memberAt, type SourceSettings } from './source-settings';

/**
 * Members of the settings that are new, by name and without a value: what the audit log says of a change. A secret counts
 * where one was given; whether it is the one that was there nobody can see.
 */
export const changedMembers = (
  secrets: readonly string[],
  before: SourceSettings,
  after: SourceSettings,
  given: SourceSettings,
): string[] => {
  const [was, is] = [hiddenSettings(secrets, before), hiddenSettings(secrets, after)];
  const differ = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
  );
  const resealed = secrets.filter((path) => {
    const value = memberAt(given, path);
    return isGiven(value) && value !== HIDDEN_VALUE;
  });
  return [...new Set([...differ, ...resealed])].sort();
};
