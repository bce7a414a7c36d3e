import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KafkaConnection } from '@millrace/kafka';
import { topicNames, topicSpecs } from '@millrace/protocol';
import { createLogger, type Logger, metrics, registerProcessMetrics, startTelemetry } from '@millrace/telemetry';
import type { Type } from '@nestjs/common';
import { DiscoveryService, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ApiKeyDirectory } from './auth/api-key-directory';
import { readServiceSettings, type ServiceSettings } from './config/service.config';
import { ReadinessChecks } from './health/readiness-checks';
import { answerClientErrors } from './http/client-errors';
import { edge } from './http/edge';
import { servingGate } from './http/serving-gate';
import { nestLogger } from './lifecycle/nest-logger';
import { ServiceState } from './lifecycle/service-state';
import { RuntimeModule } from './runtime.module';
import type { RunningService, ServiceContext, ServiceDefinition } from './service-definition';
import { KafkaTransport } from './workers/kafka-transport';
import { WorkerRegistry } from './workers/worker-registry';

/** How long a start waits for a broker that is still coming up. */
const BROKER_WAIT_MS = 60_000;
const CONSUMER_DRAIN_MS = 12_000;

/**
 * Starts a service inside this process, from this environment: settings, logger, HTTP (health at once, the rest when all
 * workers run), workers. Rejects, with everything ended again, when any of it fails. Ends nothing but what it started,
 * and installs no signal handlers: that is startService.
 */
export const bootService = async <Own extends object>(
  definition: ServiceDefinition<Own>,
  env: NodeJS.ProcessEnv,
): Promise<RunningService> => {
  const { settings, own } = readServiceSettings(env, definition.needs ?? [], definition.environment ?? ({} as never));
  const logger = createLogger(definition.name);
  const telemetry = startTelemetry(definition.name);
  const stopMetrics = registerProcessMetrics(metrics, definition.name);
  const kafka = new KafkaConnection({ brokers: settings.kafkaBrokers, clientId: definition.name, logger });
  const topics = topicNames(settings.topicPrefix);
  const apiKeys = new ApiKeyDirectory({
    topic: topics.apiKeys,
    adminKey: settings.adminKey,
    now: Date.now,
    openView: (options) => kafka.compactedView(options),
  });
  const workers = new WorkerRegistry();
  workers.add('api keys', 'views', apiKeys);
  const state = new ServiceState();
  const context: ServiceContext<Own> = {
    name: definition.name,
    settings,
    own,
    logger,
    kafka,
    topics,
    apiKeys,
    workers,
    readiness: new ReadinessChecks(),
  };
  const cleanUp: Array<() => Promise<void> | void> = [() => telemetry.shutdown(), () => kafka.close(), stopMetrics];
  try {
    const app = await createApplication(definition, context, state);
    cleanUp.push(() => app.close());
    const server = app.getHttpServer() as Server;
    configureServer(server);
    const transport = new KafkaTransport(workers, app.get(DiscoveryService, { strict: false }), logger);
    app.connectMicroservice({ strategy: transport });
    await app.listen(settings.port, settings.host);
    const { port } = server.address() as AddressInfo;

    await requireTopics(kafka, settings, logger);
    await app.startAllMicroservices();
    state.phase = 'serving';
    logger.info({ port }, 'service ready');

    let stopped: Promise<void> | null = null;
    const stop = async () => {
      state.phase = 'draining';
      logger.info({}, 'service drains');
      const closed = closeHttp(server);
      await transport.stopStage('consumers', CONSUMER_DRAIN_MS);
      await closed;
      await runAll(cleanUp, logger);
      logger.info({}, 'service ended');
    };
    return {
      url: `http://${settings.host.includes(':') || settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host}:${port}`,
      port,
      settings,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await runAll(cleanUp, logger);
    throw error;
  }
};

const createApplication = async <Own extends object>(
  definition: ServiceDefinition<Own>,
  context: ServiceContext<Own>,
  state: ServiceState,
): Promise<NestExpressApplication> => {
  const { module } = definition;
  const appModule = isClass(module) ? module : module(context);
  const app = await NestFactory.create<NestExpressApplication>(RuntimeModule.around(context, state, [appModule]), {
    bodyParser: false,
    abortOnError: false,
    logger: nestLogger(context.logger),
  });
  configureApplication(app, context.logger, state);
  return app;
};

/** What stands before the routes. */
export const configureApplication = (app: NestExpressApplication, logger: Logger, state: ServiceState): void => {
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(edge(logger, state));
  app.use(servingGate(state));
};

const isClass = (module: unknown): module is Type =>
  typeof module === 'function' && /^class\b/.test(Function.prototype.toString.call(module));

export const configureServer = (server: Server): void => {
  answerClientErrors(server);
  // An expectation that is not known may be ignored (RFC 9110 section 10.1.1); Node's own 417 has no body.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
};

/** A topic that is missing, or has other settings than the schedule, would lose or delay records: better no start. */
const requireTopics = async (kafka: KafkaConnection, settings: ServiceSettings, logger: Logger): Promise<void> => {
  const specs = topicSpecs({
    prefix: settings.topicPrefix,
    partitions: settings.partitions,
    replicationFactor: 1,
    modules: settings.modules,
  });
  const giveUpAt = Date.now() + BROKER_WAIT_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      const missing = await kafka.missingTopics(specs);
      if (missing.length === 0) return;
      throw new TopicsMissing(missing);
    } catch (error) {
      if (error instanceof TopicsMissing || Date.now() >= giveUpAt) throw error;
      if (attempt === 1 || attempt % 10 === 0) logger.warn({ error, attempt }, 'kafka not reachable yet');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
};

/** The topics are provisioned by the deployment, never by a service. */
export class TopicsMissing extends Error {
  override readonly name = 'TopicsMissing';
  constructor(missing: readonly string[]) {
    super(`The topics of this site are not as they must be:\n${missing.map((text) => `  - ${text}`).join('\n')}`);
  }
}

/** Takes no new connection, lets the requests in hand finish. */
const closeHttp = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const cut = setTimeout(() => server.closeAllConnections(), 10_000);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });

/** Last made, first ended. */
const runAll = async (steps: Array<() => Promise<void> | void>, logger: Logger): Promise<void> => {
  for (const step of [...steps].reverse()) {
    try {
      await step();
    } catch (error) {
      logger.warn({ error }, 'a step of the shutdown failed');
    }
  }
};
