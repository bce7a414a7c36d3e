import { stat } from 'node:fs/promises';
import { SourceProblem, type TriedSource } from './source-kind';

/** Whether a recording is there to be read; what it holds shows when it is played. */
export const lookAtFile = async (file: string): Promise<TriedSource> => {
  try {
    const { size } = await stat(file);
    return { summary: `A recording of ${size} bytes.`, seen: [] };
  } catch (error) {
    throw new SourceProblem('not_found', `${file} cannot be read: ${(error as Error).message}.`, 'file');
  }
};
