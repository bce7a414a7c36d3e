import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricRegistry } from './metric-registry';

const NS_PER_S = 1e9;

/** Memory, CPU and event loop of this process. Returns the stop. */
export const registerProcessMetrics = (registry: MetricRegistry, service: string): (() => void) => {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  registry.gauge('millrace_service_info', 'Which service this process is.', ['service', 'node']).set(1, {
    service,
    node: process.version,
  });
  registry.callbackGauge('process_resident_memory_bytes', 'Resident memory.', [], () => process.memoryUsage.rss());
  registry.callbackGauge('process_heap_used_bytes', 'Heap in use.', [], () => process.memoryUsage().heapUsed);
  registry.callbackGauge('process_cpu_seconds_total', 'User and system CPU time.', [], () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.callbackGauge('process_start_time_seconds', 'Start of the process, Unix seconds.', [], () =>
    Math.round(Date.now() / 1000 - process.uptime()),
  );
  registry.callbackGauge(
    'nodejs_eventloop_delay_seconds',
    'Event loop delay since the last scrape.',
    ['quantile'],
    () => {
      const readings = [
        { labels: { quantile: '0.5' }, value: delay.percentile(50) / NS_PER_S },
        { labels: { quantile: '0.99' }, value: delay.percentile(99) / NS_PER_S },
        { labels: { quantile: '1' }, value: delay.max / NS_PER_S },
      ];
      delay.reset();
      return readings;
    },
  );
  return () => delay.disable();
};
