import { RollformLine } from './rollform-line.fixture';

/** A line that has just begun order 12345, bundle 1, of pieces of 240 inches, and runs. */
export const lineInProduction = (options: ConstructorParameters<typeof RollformLine>[0] = {}): RollformLine =>
  new RollformLine(options)
    .connect()
    .wait(5_000)
    .say('orderCode', 'WO-1001')
    .loadCoil('COIL-1')
    .loadBundle(12345, 1)
    .chooseItem(1, 240, 25)
    .wait(1_000)
    .run();

/** So many pieces, one every 10 s. */
export const pieces = (line: RollformLine, count: number): RollformLine => {
  for (let n = 0; n < count; n++) line.wait(10_000).piece();
  return line;
};
