/**
 * The time under which an event was first fanned out, by event key, so that a repeat published without a time of its own
 * makes the same delivery ids. Bounded: the event seen longest ago is forgotten first. Repeats of one event share a key, so
 * they come through one partition and one process.
 */
export class FirstTimes {
  private readonly times = new Map<string, number>();

  constructor(private readonly capacity: number) {}

  /** Unix ms; remembers `time` when the event is new. */
  of(eventKey: string, time: number): number {
    const first = this.times.get(eventKey);
    if (first !== undefined) return first;
    this.times.set(eventKey, time);
    if (this.times.size > this.capacity) this.times.delete(this.times.keys().next().value!);
    return time;
  }
}
