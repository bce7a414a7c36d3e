import { Refused } from '@millrace/service-runtime';

/** Says of a refused URL where it stands in this API's body. */
export const namedUrl = <T>(name: string, judge: () => T): T => {
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(
      error.code,
      error.detail,
      error.problem.errors?.map((each) => (each.path === 'url' ? { ...each, path: name } : each)),
    );
  }
};
