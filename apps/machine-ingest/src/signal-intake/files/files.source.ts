import type { FileHandle } from 'node:fs/promises';
import { RESUMED_CODE } from '@millrace/domain';
import { backoffMs } from '../backoff';
import { lifecycleSignal } from '../lifecycle-signal';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext } from '../source-kind';
import { hashOf } from './file-content';
import { type DeliveredFile, deliverFile } from './file-delivery';
import { contentKey, cursorOf, type FileLedger, isKnown, LEDGER_SIZE, readLedger, withFile } from './file-ledger';
import { type Looks, lookOf, looksAfter, type SeenFile, settledFiles } from './file-look';
import type { FilesSettings } from './files-settings';
import { readerOf } from './read-file-rows';
import { RejectedRows } from './rejected-rows';
import { WatchedFolder } from './watched-folder';

/** Failures in a row after which a source is degraded. */
const DEGRADED_AFTER = 3;

/**
 * Reads what is dropped into a folder: one file after the other, oldest first, each whole file once. The folder is looked at
 * when the file system tells of a change and every few seconds besides, since a share on another host tells of none.
 */
export class FilesSource implements OpenSource {
  private readonly stopping = new AbortController();
  private readonly folder: WatchedFolder;
  private readonly session: string;
  private running: Promise<void> = Promise.resolve();
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  private readonly counts = { files: 0, rows: 0, refusedRows: 0, refusedFiles: 0, duplicates: 0 };
  private queued = 0;
  private lagMs: number | null = null;
  private failures = 0;
  private lifecycles = 0;
  private ledger: FileLedger;
  private looks: Looks = new Map();
  /** Files that need nothing more, by name: how they looked. */
  private readonly handled = new Map<string, string>();
  /** What lies in the folder and has been read, by name. */
  private readonly contents = new Map<string, string>();
  private located: string | null = null;
  /** Ends the sleep, or lets the next one not begin. */
  private wake: () => void = () => undefined;
  private changed = false;

  constructor(
    private readonly settings: FilesSettings,
    private readonly context: SourceContext,
  ) {
    this.folder = new WatchedFolder(settings.folder, settings.pattern);
    this.session = context.newId();
    this.ledger = readLedger(context.cursor);
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    this.running = this.run().catch((error: Error) => {
      if (!this.stopping.signal.aborted) this.context.logger.error({ error: error.message }, 'files source ended');
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running;
    this.folder.unwatch();
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    const { connection, lastError, queued, lagMs } = this;
    return { connection, lastError, counts: { ...this.counts }, queued, lagMs };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        await this.connect();
        waitMs = await this.look();
        this.failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        waitMs = await this.lost(error as Error);
      }
      await this.sleep(waitMs);
    }
  }

  private async connect(): Promise<void> {
    const real = await this.folder.locate();
    this.located ??= real;
    if (real !== this.located)
      throw new Error(
        `${this.settings.folder} leads to another folder than at the start; start the source again if that is meant.`,
      );
    if (this.connection.state === 'connected') return;
    this.folder.onChange(() => {
      this.changed = true;
      this.wake();
    });
    await this.tell('connected');
    this.connection = { state: 'connected', since: this.context.clock(), session: this.session };
  }

  /** Reads what is whole; gives the time until it is worth looking again, ms. */
  private async look(): Promise<number> {
    const { settings, context } = this;
    this.changed = false;
    const files = await this.folder.files();
    this.looks = looksAfter(this.looks, files, context.clock());
    this.forgetAllBut(files);
    const { ready, nextAt } = settledFiles(files, this.looks, this.handled, settings.settleMs, context.clock());
    this.queued = ready.length;
    for (const file of ready) {
      this.stopping.signal.throwIfAborted();
      this.lagMs = Math.max(0, context.clock() - file.mtimeMs);
      await this.take(file);
      this.queued--;
    }
    this.lagMs = ready.length === 0 ? null : this.lagMs;
    return nextAt === null
      ? settings.scanEveryMs
      : Math.min(settings.scanEveryMs, Math.max(1, nextAt - context.clock()));
  }

  private forgetAllBut(files: readonly SeenFile[]): void {
    const there = new Set(files.map(({ name }) => name));
    for (const map of [this.handled, this.contents])
      for (const name of map.keys()) if (!there.has(name)) map.delete(name);
  }

  private async take(seen: SeenFile): Promise<void> {
    let file: FileHandle;
    try {
      file = await this.folder.open(seen.name);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // gone, or become a link, since it was seen
      if (code === 'ENOENT' || code === 'ELOOP') return;
      this.note(`${seen.name} cannot be opened: ${message}.`);
      return;
    }
    try {
      if (await this.read(file, seen)) this.handled.set(seen.name, lookOf(seen));
    } finally {
      await file.close();
    }
  }

  /** True when the file needs nothing more. */
  private async read(file: FileHandle, seen: SeenFile): Promise<boolean> {
    const { settings, context } = this;
    const { signal: stopping } = this.stopping;
    if (!(await isUnchanged(file, seen))) return false;
    const hash = await hashOf(file, stopping);
    const key = contentKey(hash);
    this.contents.set(seen.name, key);
    if (isKnown(this.ledger, key)) {
      this.counts.duplicates++;
      await this.putAway(seen.name, null);
      return true;
    }
    const present = new Set(this.contents.values());
    if (withFile(this.ledger, key, present) === null) {
      this.note(
        `${settings.folder} holds ${LEDGER_SIZE} files that have been read, and no more are told apart; move some away.`,
      );
      return false;
    }
    const rejected = new RejectedRows(settings.folder, seen.name);
    const place = { tenant: context.tenant, source: context.name, session: hash.toString('hex'), clock: context.clock };
    const delivered = await deliverFile(file, key, place, this.ledger, {
      name: seen.name,
      sink: context.sink,
      read: readerOf(settings),
      rejected,
      clock: context.clock,
      stopping,
      told: {
        rows: (count) => {
          this.counts.rows += count;
        },
        refused: (count) => {
          this.counts.refusedRows += count;
        },
        notWritten: (error) =>
          this.note(`${rejected.name} cannot be written: ${error.message}; the quarantine has the rows.`),
      },
    });
    this.ledger = withFile(delivered.ledger, key, present) ?? delivered.ledger;
    await context.sink.append([], { cursor: cursorOf(this.ledger), stopping });
    this.counts.files++;
    this.judge(seen.name, delivered);
    if (!(await isUnchanged(file, seen)))
      this.note(`${seen.name} was changed while it was read; write it elsewhere and move it here when it is whole.`);
    await this.putAway(seen.name, delivered.refused === 0 ? null : rejected.name);
    return true;
  }

  private judge(name: string, { refused }: DeliveredFile): void {
    if (refused === null) {
      this.counts.refusedFiles++;
      this.note(`${name} was refused; ${name}.rejected says why.`);
    } else if (refused > 0) this.note(`${refused} rows of ${name} were refused; ${name}.rejected says why.`);
  }

  private async putAway(name: string, rejected: string | null): Promise<void> {
    if (this.settings.after === 'keep') return;
    await this.folder.putAway(name, rejected).catch((error: NodeJS.ErrnoException) => {
      // it is read and known by its content; that it lies here still is a matter of tidiness
      if (error.code !== 'ENOENT') this.note(`${name} cannot be moved to done: ${error.message}.`);
    });
  }

  /** Gives the time until the next try, ms. */
  private async lost(error: Error): Promise<number> {
    this.note(error.message);
    this.folder.unwatch();
    if (this.connection.state === 'connected') await this.tell('disconnected').catch(() => undefined);
    const now = this.context.clock();
    const waitMs = Math.ceil(backoffMs(this.failures++, this.context.random));
    this.connection = {
      state: this.failures < DEGRADED_AFTER ? 'disconnected' : 'degraded',
      since: 'reason' in this.connection ? this.connection.since : now,
      reason: error.message,
      nextTryAt: now + waitMs,
    };
    return waitMs;
  }

  private async tell(word: 'connected' | 'disconnected'): Promise<void> {
    const { context, settings } = this;
    if (settings.machine === null) return;
    const { session } = this;
    const place = {
      tenant: context.tenant,
      machine: settings.machine,
      source: context.name,
      session,
      proto: 'file',
    } as const;
    // What was put into the folder while it could not be seen is read now.
    const qualityCode = word === 'connected' && this.lifecycles > 0 ? RESUMED_CODE : null;
    const signal = lifecycleSignal(place, word, this.lifecycles++, context.clock(), qualityCode);
    await context.sink.append([signal], { stopping: this.stopping.signal });
  }

  private note(detail: string): void {
    if (this.lastError?.detail !== detail) this.context.logger.warn({ detail }, 'files source');
    this.lastError = { at: this.context.clock(), detail };
  }

  /** Until the time is over, the folder changes, or the source is stopped. */
  private sleep(ms: number): Promise<void> {
    if (this.stopping.signal.aborted || this.changed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      this.wake = done;
      function done() {
        clearTimeout(timer);
        resolve();
      }
    });
  }
}

const isUnchanged = async (file: FileHandle, { size, mtimeMs, inode }: SeenFile): Promise<boolean> => {
  const now = await file.stat();
  return now.isFile() && now.size === size && now.mtimeMs === mtimeMs && now.ino === inode;
};
