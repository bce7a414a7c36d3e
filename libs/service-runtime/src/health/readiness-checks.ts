export type ReadinessCheck = () => Promise<void>;

const DEADLINE_MS = 2_000;

/** What must answer for the service to be of use. A check that rejects, or takes 2 s, takes the service out of rotation. */
export class ReadinessChecks {
  private readonly checks = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** Name to `ok` or the reason. */
  async run(): Promise<{ [name: string]: string }> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]): Promise<[string, string]> => [name, await judge(check)]),
    );
    return Object.fromEntries(results);
  }
}

const judge = async (check: ReadinessCheck): Promise<string> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${DEADLINE_MS} ms`), DEADLINE_MS);
  });
  try {
    return await Promise.race([check().then(() => 'ok'), deadline]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
};
