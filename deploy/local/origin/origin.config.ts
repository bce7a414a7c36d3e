import { SERVICES, type Service } from '../services/service-part';
import type { OriginOptions } from './origin';

export class WrongOriginSetting extends Error {
  override readonly name = 'WrongOriginSetting';
}

/** `MILLRACE_ORIGIN_SERVICES`: `machine-ingest=host:port,…`, all four. Throws WrongOriginSetting with one sentence. */
export const readOriginSettings = (
  environment: NodeJS.ProcessEnv,
): Pick<OriginOptions, 'port' | 'hosts' | 'services'> => {
  const places = new Map<string, { host: string; port: number }>();
  for (const entry of (environment['MILLRACE_ORIGIN_SERVICES'] ?? '').split(',').filter((text) => text.trim() !== '')) {
    const found = /^\s*([a-z-]+)=([^\s:=]+):(\d{1,5})\s*$/.exec(entry);
    if (found === null)
      throw new WrongOriginSetting(`MILLRACE_ORIGIN_SERVICES: "${entry}" is not <service>=<host>:<port>.`);
    places.set(found[1] as string, { host: found[2] as string, port: Number(found[3]) });
  }
  const place = (name: Service) => {
    const known = places.get(name);
    if (known === undefined) throw new WrongOriginSetting(`MILLRACE_ORIGIN_SERVICES names no ${name}.`);
    return [name, known] as const;
  };
  return {
    port: Number(environment['MILLRACE_SERVICE_PORT'] || 8080),
    hosts: [environment['MILLRACE_SERVICE_HOST'] || '0.0.0.0'],
    services: Object.fromEntries(SERVICES.map(place)) as OriginOptions['services'],
  };
};
