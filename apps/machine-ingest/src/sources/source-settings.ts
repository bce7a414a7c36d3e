import { type EncryptionKey, HIDDEN_VALUE, openSecret, type SecretBinding, sealSecret } from '@millrace/domain';

/** Settings of a source, in the form of its kind. */
export type SourceSettings = { readonly [member: string]: unknown };

/** Whose settings they are; what was sealed opens for that source and that member alone. */
export interface SettingsOwner {
  readonly tenant: string;
  readonly name: string;
}

const isObject = (value: unknown): value is SourceSettings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at `tls.key`; undefined where there is none. Own members only. */
export const memberAt = (settings: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
      settings,
    );

/** The settings with another value at `tls.key`; objects on the way are made where they are not. */
export const withMember = (settings: unknown, path: string, value: unknown): SourceSettings => {
  const [name, ...rest] = path.split('.') as [string, ...string[]];
  const object = isObject(settings) ? settings : {};
  return {
    ...object,
    [name]:
      rest.length === 0 ? value : withMember(Object.hasOwn(object, name) ? object[name] : {}, rest.join('.'), value),
  };
};

export const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const mapped = (
  settings: SourceSettings,
  paths: readonly string[],
  change: (value: unknown, path: string) => unknown,
): SourceSettings =>
  paths.reduce((result, path) => {
    const value = memberAt(result, path);
    return isGiven(value) ? withMember(result, path, change(value, path)) : result;
  }, settings);

const bindingOf = ({ tenant, name }: SettingsOwner, path: string): SecretBinding => ({
  tenant,
  owner: `source ${name}`,
  secretId: path,
});

/** As they are stored: what stands at the secret paths is sealed. `random` gives that many random bytes. */
export const sealSettings = (
  key: EncryptionKey,
  random: (bytes: number) => Buffer,
  owner: SettingsOwner,
  paths: readonly string[],
  settings: SourceSettings,
): SourceSettings =>
  mapped(settings, paths, (value, path) => sealSecret(key, random(12), bindingOf(owner, path), JSON.stringify(value)));

/** As the kind takes them. Throws when a sealed one does not open: another key, or a record that was moved. */
export const openSettings = (
  key: EncryptionKey,
  owner: SettingsOwner,
  paths: readonly string[],
  settings: SourceSettings,
): SourceSettings =>
  mapped(settings, paths, (value, path) => JSON.parse(openSecret(key, bindingOf(owner, path), String(value))));

/** As they are shown: that a secret is there, and nothing of it. */
export const hiddenSettings = (paths: readonly string[], settings: SourceSettings): SourceSettings =>
  mapped(settings, paths, () => HIDDEN_VALUE);

/**
 * Secret paths of which a change says that what was there stays: `hidden`, where it gives `***`, and `leftOut`, where it
 * gives the object around it, or the settings themselves, without it. Who gives another object, or none, means that.
 */
export const keptPaths = (
  paths: readonly string[],
  given: SourceSettings,
  former: SourceSettings,
): { readonly hidden: string[]; readonly leftOut: string[] } => {
  const held = paths.filter((path) => isGiven(memberAt(former, path)));
  return {
    hidden: held.filter((path) => memberAt(given, path) === HIDDEN_VALUE),
    leftOut: held.filter((path) => memberAt(given, path) === undefined && isObject(parentOf(given, path))),
  };
};

const parentOf = (settings: SourceSettings, path: string): unknown => {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? settings : memberAt(settings, path.slice(0, dot));
};

export const withKept = (given: SourceSettings, former: SourceSettings, kept: readonly string[]): SourceSettings =>
  kept.reduce((result, path) => withMember(result, path, memberAt(former, path)), given);
