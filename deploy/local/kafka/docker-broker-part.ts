import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import type { DataFolder } from '../data-folder/data-folder';
import { LocalStackError } from '../machine/local-stack-error';
import { lastLines, sizeOf, startInBackground, stopProcess, waitForLine } from '../process/background-process';
import type { Part } from '../supervision/part';
import { brokerRules } from './broker-properties';

export const KAFKA_IMAGE = 'apache/kafka:4.1.1';
const CLUSTER_ID = 'bWlsbHJhY2UtbG9jYWwtMQ';

/** `log.dirs` -> `KAFKA_LOG_DIRS`, as the image reads its settings. */
export const asContainerVariables = (settings: { readonly [name: string]: string }): string[] =>
  Object.entries(settings).map(([name, value]) => `KAFKA_${name.replaceAll('.', '_').toUpperCase()}=${value}`);

export const brokerContainerSettings = (host: string, port: number): { [name: string]: string } => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': '1@localhost:9093',
  listeners: `PLAINTEXT://:${port},CONTROLLER://:9093`,
  'advertised.listeners': `PLAINTEXT://${host}:${port}`,
  'log.dirs': '/var/lib/kafka/data',
  ...brokerRules,
});

const docker = (...args: string[]) => promisify(execFile)('docker', args);

/**
 * The broker from the image, for machines with Docker and without Java. The client stays attached, so that it ends with the
 * container. The data is in a volume that is named after the data folder.
 */
export const dockerBrokerPart = (folder: DataFolder, port: number): Part => {
  const name = `millrace-kafka-${createHash('sha256').update(folder.path).digest('hex').slice(0, 8)}`;
  const logFile = folder.logFile('kafka');
  return {
    name: 'kafka',
    async start(onSpawn) {
      await docker('rm', '-f', name).catch(() => {});
      const from = sizeOf(logFile);
      const variables = [
        `CLUSTER_ID=${CLUSTER_ID}`,
        ...asContainerVariables(brokerContainerSettings('127.0.0.1', port)),
      ];
      const client = await startInBackground({
        command: 'docker',
        args: [
          ...['run', '--rm', '--name', name, '-p', `127.0.0.1:${port}:${port}`, '-v', `${name}:/var/lib/kafka/data`],
          ...variables.flatMap((variable) => ['-e', variable]),
          KAFKA_IMAGE,
        ],
        cwd: folder.path,
        environment: process.env,
        logFile,
      });
      onSpawn(client.identity);
      // The first start pulls the image.
      const result = await waitForLine(logFile, from, /Kafka Server started/, client.identity, 300_000);
      if (result === 'seen') return client;
      await docker('rm', '-f', name).catch(() => {});
      throw new LocalStackError(`Kafka did not start in Docker:\n${lastLines(logFile, 8)}`, [
        `The whole log: ${logFile}`,
      ]);
    },
    async stop(client) {
      await docker('stop', '-t', '20', name).catch(() => {});
      await stopProcess(client, 'SIGTERM', 5_000);
    },
  };
};
