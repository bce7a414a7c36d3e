import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asPropertiesFile, brokerRules, brokerSettings } from './broker-properties';
import { asContainerVariables } from './docker-broker-part';

describe('the settings of the broker', () => {
  it('are written one a line, with backslashes escaped', () => {
    expect(asPropertiesFile({ a: '1', 'log.dirs': 'C:\\data' })).toBe('a=1\nlog.dirs=C:\\\\data\n');
  });

  it('switch automatic topics and unclean elections off', () => {
    const settings = brokerSettings({ host: '127.0.0.1', port: 1, controllerPort: 2, dataFolder: '/d' });
    expect(settings).toMatchObject({ 'auto.create.topics.enable': 'false', 'unclean.leader.election.enable': 'false' });
  });

  it('are the same in docker-compose.yml', () => {
    const compose = readFileSync(join(__dirname, '../../../docker-compose.yml'), 'utf8');
    const stated = new Map(
      [...compose.matchAll(/^ +(KAFKA_[A-Z_]+): (.*)$/gm)].map(([, name, value]) => [name, value!.replaceAll('"', '')]),
    );
    for (const variable of asContainerVariables(brokerRules)) {
      const [name, value] = variable.split(/=(.*)/s);
      expect([name, stated.get(name!)]).toEqual([name, value]);
    }
  });
});
