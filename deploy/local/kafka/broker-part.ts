import { mkdirSync } from 'node:fs';
import type { DataFolder } from '../data-folder/data-folder';
import type { Part } from '../supervision/part';
import { brokerJars } from './broker-jars';
import { startNativeBroker, stopBroker } from './native-broker';

/** The broker as Java process. */
export const nativeBrokerPart = (folder: DataFolder, ports: { port: number; controllerPort: number }): Part => ({
  name: 'kafka',
  async start(onSpawn) {
    mkdirSync(folder.file('kafka'), { recursive: true });
    const place = {
      folder: folder.file('kafka'),
      logFile: folder.logFile('kafka'),
      jars: await brokerJars(),
      ...ports,
    };
    return startNativeBroker(place, onSpawn);
  },
  stop: stopBroker,
});
