/**
 * Numbers the signals of one request or file, each machine's by themselves from 0: what a machine gets has no holes that
 * another machine's signals, a blank line or a refused row have made, and so tells of no loss where there was none.
 */
export class MachineNumbers {
  private readonly next = new Map<string, number>();

  of(machine: string): number {
    const number = this.next.get(machine) ?? 0;
    this.next.set(machine, number + 1);
    return number;
  }
}
