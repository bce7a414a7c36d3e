import { ScriptedReceiver } from './scripted-receiver';

describe('ScriptedReceiver', () => {
  let receiver: ScriptedReceiver;
  beforeEach(async () => {
    receiver = await ScriptedReceiver.start();
  });
  afterEach(() => receiver.close());

  const post = (body = 'x', path = '') => fetch(`${receiver.url}${path}`, { method: 'POST', body });

  it('remembers method, path, headers and bytes', async () => {
    await fetch(`${receiver.url}in?a=1`, { method: 'PUT', body: Buffer.from([0, 255]), headers: { 'X-One': 'two' } });
    const request = await receiver.waitFor((it) => it.path === '/in?a=1');
    expect(request).toMatchObject({ method: 'PUT', number: 1, headers: { 'x-one': 'two' } });
    expect(request.body).toEqual(Buffer.from([0, 255]));
    expect(request.rawHeaders).toContain('two');
  });

  it('uses a list up and stays with its last entry', async () => {
    receiver.respond([503, { status: 429, headers: { 'retry-after': '7' }, body: 'slow' }, 200]);
    expect((await post()).status).toBe(503);
    const second = await post();
    expect([second.status, second.headers.get('retry-after'), await second.text()]).toEqual([429, '7', 'slow']);
    expect((await post()).status).toBe(200);
    expect((await post()).status).toBe(200);
  });

  it('asks a function for each request', async () => {
    receiver.respond((request) => (request.body.toString() === 'bad' ? 500 : 204));
    expect((await post('bad')).status).toBe(500);
    expect((await post('good')).status).toBe(204);
  });

  it('hangs, resets and closes', async () => {
    receiver.respond('reset');
    await expect(post()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    receiver.respond('close');
    await expect(post()).rejects.toThrow();
    receiver.respond('hang');
    const hanging = fetch(receiver.url, { method: 'POST', signal: AbortSignal.timeout(100) });
    await expect(hanging).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await receiver.waitForCount(3)).toHaveLength(3);
  });

  it('says what it waited for', async () => {
    await expect(receiver.waitForCount(1, 50)).rejects.toThrow('waited 0.05 s for 1 requests');
  });
});
