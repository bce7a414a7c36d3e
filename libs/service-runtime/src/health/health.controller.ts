import { metrics } from '@millrace/telemetry';
import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { Public } from '../auth/access';
import type { HttpResponse } from '../http/request-state';
import { ServiceState } from '../lifecycle/service-state';
import { WorkerRegistry } from '../workers/worker-registry';
import { ReadinessChecks } from './readiness-checks';

/**
 * Liveness touches no dependency: an answer shows that the event loop turns, and a worker that cannot go on asks for a
 * restart. Readiness is off while starting and draining, and while a check fails.
 */
@Public()
@Controller()
export class HealthController {
  constructor(
    @Inject(ServiceState) private readonly state: ServiceState,
    @Inject(WorkerRegistry) private readonly workers: WorkerRegistry,
    @Inject(ReadinessChecks) private readonly checks: ReadinessChecks,
  ) {}

  @Get('healthz')
  live(@Res({ passthrough: true }) response: HttpResponse) {
    const dead = this.workers.dead();
    if (dead.length > 0) response.statusCode = 503;
    return { status: dead.length === 0 ? 'ok' : 'failing', workers: dead };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) response: HttpResponse) {
    const checks = this.state.phase === 'serving' ? await this.checks.run() : {};
    const ready = this.state.phase === 'serving' && Object.values(checks).every((result) => result === 'ok');
    if (!ready) response.statusCode = 503;
    return { status: ready ? 'ok' : this.state.phase === 'serving' ? 'failing' : this.state.phase, checks };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): string {
    return metrics.render();
  }
}
