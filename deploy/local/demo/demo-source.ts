import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalStackError } from '../machine/local-stack-error';
import { projectRoot } from '../machine/project-root';
import { LINE } from '../simulated-line/simulated-line';
import { type Api, call } from './api-call';

/** As the mapping names it. */
export const DEMO_MACHINE = 'roll-former-1';
const SOURCE = 'roll-forming-line';
const MAPPING = join(projectRoot(), 'deploy/local/simulated-line/roll-former.yaml');

/**
 * The source that reads the line's broker, and the mapping that says what its metrics mean. Those of an earlier start stay,
 * but for the address of the broker and that it is read; a mapping that somebody changed meanwhile is theirs and stays as it is.
 */
export const registerDemoSource = async (api: Api, url: string): Promise<void> => {
  const settings = {
    url,
    protocolVersion: 4,
    role: 'active',
    machines: [{ machine: DEMO_MACHINE, ...LINE }],
  };
  const known = await call(api, 'GET', '/v1/mappings/roll-former-1');
  if (known.status === 404)
    must(
      await call(api, 'POST', '/v1/mappings', await readFile(MAPPING, 'utf8'), 'application/yaml'),
      'mapping of the simulated line',
    );
  const found = await call(api, 'GET', `/v1/sources/${SOURCE}`);
  if (found.status === 404)
    must(await call(api, 'POST', '/v1/sources', { name: SOURCE, type: 'sparkplug', settings }), 'simulated line');
  else {
    const has = found.body as { settings?: { url?: string }; enabled?: boolean };
    if (has.settings?.url !== url || has.enabled !== true)
      must(await call(api, 'PATCH', `/v1/sources/${SOURCE}`, { settings, enabled: true }), 'simulated line');
  }
};

/** Without the demo nobody is at the other end: a source of an earlier start is switched off until the demo is back. */
export const restDemoSource = async (api: Api): Promise<void> => {
  const found = await call(api, 'GET', `/v1/sources/${SOURCE}`);
  if (found.status === 404 || (found.body as { enabled?: boolean }).enabled === false) return;
  const rested = found.status === 200 ? await call(api, 'PATCH', `/v1/sources/${SOURCE}`, OFF) : found;
  if (rested.status >= 300)
    throw new LocalStackError(
      `The source ${SOURCE} of the demo could not be switched off (${rested.status}): ${JSON.stringify(rested.body)}`,
    );
};
const OFF = { enabled: false, try: false };

const must = ({ status, body }: { status: number; body: unknown }, what: string): void => {
  if (status >= 300)
    throw new LocalStackError(`The ${what} could not be registered (${status}): ${JSON.stringify(body)}`);
};
