import { CURSOR_BYTES, jsonBytes } from '../cursor-room';
import { mqttSettings } from './mqtt-settings';
import { TopicLives } from './topic-lives';
import { TopicsIntake } from './topics-intake';

const ROOM = 32 * 1024;
const say = (lives: TopicLives, topic: string, numbers: readonly number[], at: number, again = false) =>
  numbers.map((seq) => lives.sessionOf(topic, seq, null, again, at));
const from = (first: number, count: number) => Array.from({ length: count }, (_, n) => first + n);
const takenOver = (lives: TopicLives, room = ROOM) => new TopicLives(JSON.parse(JSON.stringify(lives.stored(room))));

describe('the numbering of topics', () => {
  it('begins under the name of the topic, and anew where the numbers fall', () => {
    const lives = new TopicLives(undefined);
    expect(say(lives, 'a', [5, 6, 7], 1)).toEqual(['a', 'a', 'a']);
    expect(say(lives, 'a', [6], 2, true)).toEqual(['a']);
    expect(say(lives, 'a', [0, 1], 3)).toEqual(['a@3', 'a@3']);
  });

  it.each([
    ['a short name', 'line/4/count'],
    ['a name beyond that of a session', `plant/${'x'.repeat(300)}`],
    ['a name that is as long as a session', 'é'.repeat(128)],
  ])('goes on over a take-over: %s', (_, topic) => {
    const lives = new TopicLives(undefined);
    const [before] = say(lives, topic, from(1_000, 50), 1);
    const [anew] = say(lives, topic, from(0, 10), 2);
    expect(anew).not.toBe(before);
    const sessions = say(takenOver(lives), topic, from(10, 50), 3);
    expect(new Set(sessions)).toEqual(new Set([anew]));
  });

  it('begins under a name of its own after a take-over that does not know the topic', () => {
    const lives = new TopicLives(undefined);
    const used = [...say(lives, 'quiet', from(1_000, 50), 1), ...say(lives, 'quiet', from(0, 10), 2)];
    for (let n = 0; n < 2_000; n++) say(lives, `line/${n}/count`, [n], 3);
    const next = takenOver(takenOver(lives));
    const sessions = say(next, 'quiet', from(10, 50), 4);
    expect(new Set(sessions).size).toBe(1);
    expect(used).not.toContain(sessions[0]);
    expect(say(next, 'line/1999/count', [2_000], 5)).toEqual(['line/1999/count']);
  });

  it('takes what the broker gives again for a repeat, where the predecessor knew all other topics', () => {
    const lives = new TopicLives(undefined);
    say(lives, 'a', [1], 1);
    expect(say(takenOver(lives), 'new', [1, 2], 2, true)).toEqual(['new', 'new']);
    expect(say(takenOver(lives, 10), 'new', [1], 2, true)).toEqual(['new@2']);
    expect(say(new TopicLives([['a', 'a', 1, null]]), 'a', [1], 2, true)).toEqual(['a@2']);
  });

  it('begins under a name of its own where the topic was forgotten', () => {
    const lives = new TopicLives(undefined);
    say(lives, 'quiet', from(1_000, 2), 1);
    for (let n = 0; n < 10_000; n++) say(lives, `t${n}`, [n], 2);
    expect(say(lives, 'quiet', [10], 3)).toEqual(['quiet@3']);
  });

  it('fits into a cursor, whatever the names are', () => {
    const name = (n: number, length: number) => `${n}/${'漢'.repeat(length)}`;
    const settings = mqttSettings.parse({
      url: 'mqtt://127.0.0.1',
      topics: from(0, 256).map((n) => ({
        filter: name(n, 1_000),
        machine: 'M-1',
        path: 'count',
        seq: 'n',
      })),
    });
    const intake = new TopicsIntake(settings, { tenant: 'default', source: 's', proto: 'mqtt' }, 'c', null);
    const lives = new TopicLives(undefined);
    for (let n = 0; n < 3_000; n++) say(lives, name(n, n % 70), [n], 1);
    const stored = lives.stored(ROOM);
    expect(stored.topics.length).toBeGreaterThan(150);
    expect(jsonBytes({ ...intake.cursor(), lives: stored })).toBeLessThan(CURSOR_BYTES);
  });
});
