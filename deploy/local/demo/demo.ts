import type { DataFolder } from '../data-folder/data-folder';
import type { StackPorts } from '../local-stack';
import { progress } from '../machine/bootstrap';
import { type SimulatedLine, startSimulatedLine } from '../simulated-line/simulated-line';
import type { Api } from './api-call';
import { type DemoEndpoint, registerDemoEndpoint } from './demo-endpoint';
import { type DemoReceiver, startDemoReceiver } from './demo-receiver';
import { DEMO_MACHINE, registerDemoSource, restDemoSource } from './demo-source';
import { firstOrderAt } from './first-order';
import { type ShownWebhook, webhookLine } from './webhook-line';

/** A start without the demo, in a data folder that had it: its source does not look for what is not there. */
export const leaveDemo = async (folder: DataFolder, api: Api): Promise<void> => {
  if (folder.readJson('demo.json') === null) return;
  await restDemoSource(api).catch((error: unknown) =>
    progress.say(`  ${progress.yellow('!')} ${(error as Error).message}`),
  );
};

/** The simulated line at the one end, a receiver that prints what arrives at the other. */
export class Demo {
  private line: SimulatedLine | null = null;
  private receiver: DemoReceiver | null = null;
  private first = true;
  /** Lines of webhooks from the time before the demo has begun: what an earlier run left on its way. */
  private early: string[] | null = [];
  private endpoint: DemoEndpoint | null = null;

  /** `startedAt`: when `npm start` began, Unix ms. */
  constructor(
    private readonly folder: DataFolder,
    private readonly startedAt: number,
  ) {}

  /** Listens at both ends; nothing happens yet. */
  async prepare(ports: StackPorts): Promise<void> {
    this.endpoint = this.folder.readJson<DemoEndpoint>('demo.json');
    this.receiver = await startDemoReceiver(
      ports.demoReceiver,
      () => this.endpoint?.secret ?? null,
      (webhook) => this.show(webhook),
    );
    this.line = await startSimulatedLine(ports.simulatedLine, firstOrderAt(this.startedAt));
  }

  /** Through the API, as anybody would: subscribes the receiver, says where the line is and what its signals mean. */
  async begin(api: Api): Promise<void> {
    if (this.receiver === null || this.line === null) throw new Error('the demo is not prepared');
    this.endpoint = await registerDemoEndpoint(api, this.receiver.url, this.endpoint);
    this.folder.writeJson('demo.json', this.endpoint);
    await registerDemoSource(api, this.line.url);
    progress.say(
      `  ${progress.dim(`The simulated line ${DEMO_MACHINE} speaks Sparkplug B. Each webhook, as the demo receiver gets it:`)}`,
    );
    progress.say();
    for (const text of this.early ?? []) progress.say(text);
    this.early = null;
    await this.line.begin();
  }

  private show(webhook: ShownWebhook): void {
    const lines = [webhookLine(webhook)];
    if (this.first && webhook.refused === null) {
      this.first = false;
      const after = progress.duration(Date.now() - this.startedAt);
      lines.push(`  ${progress.dim(`          the first one, ${after} after npm start`)}`);
    }
    if (this.early !== null) this.early.push(...lines);
    else for (const text of lines) progress.say(text);
  }

  async close(): Promise<void> {
    await Promise.all([this.line?.close(), this.receiver?.close()]);
  }
}
