import type { DataFolder } from '../data-folder/data-folder';
import type { SimulatedMachine, StackPorts } from '../local-stack';
import { progress } from '../machine/bootstrap';
import { type SimulatedLine, startSimulatedLine } from '../simulated-line/shdr-adapter';
import { type Api, type DemoEndpoint, registerDemoEndpoint } from './demo-endpoint';
import { type DemoReceiver, startDemoReceiver } from './demo-receiver';
import { webhookLine } from './webhook-line';

const MACHINE = 'roll-former-1';

/** The simulated line at the one end, a receiver that prints what arrives at the other. */
export class Demo {
  private line: SimulatedLine | null = null;
  private receiver: DemoReceiver | null = null;
  private endpoint: DemoEndpoint | null = null;

  constructor(private readonly folder: DataFolder) {}

  /** Listens at both ends; nothing happens yet. Answers the machine that machine-ingest is to connect to. */
  async prepare(ports: StackPorts): Promise<SimulatedMachine> {
    this.endpoint = this.folder.readJson<DemoEndpoint>('demo.json');
    this.receiver = await startDemoReceiver(
      ports.demoReceiver,
      () => this.endpoint?.secret ?? null,
      (webhook) => progress.say(webhookLine(webhook)),
    );
    this.line = await startSimulatedLine(ports.simulatedLine);
    return { machine: MACHINE, port: ports.simulatedLine };
  }

  /** Subscribes the receiver through the API and lets the line run. */
  async begin(api: Api): Promise<void> {
    if (this.receiver === null || this.line === null) throw new Error('the demo is not prepared');
    this.endpoint = await registerDemoEndpoint(api, this.receiver.url, this.endpoint);
    this.folder.writeJson('demo.json', this.endpoint);
    progress.say(
      `  ${progress.dim(`The simulated line ${MACHINE} runs. Each webhook, as the demo receiver gets it:`)}`,
    );
    progress.say();
    this.line.begin();
  }

  async close(): Promise<void> {
    await Promise.all([this.line?.close(), this.receiver?.close()]);
  }
}
