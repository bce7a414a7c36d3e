import type { Part } from '../report/part';
import { tags } from './tags.soak';

/** All long checks of machine ingest, in the order in which they run. */
export const SOAKS: readonly Part[] = [tags];
