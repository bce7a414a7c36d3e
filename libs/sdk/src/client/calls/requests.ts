import { Pages } from '../pages';
import type { CallOptions, QueryValues, Transport } from '../transport';
import type { Page, PageQuery } from '../types/page';

/** A part of a path. An empty one would ask for the list instead, and `..` for something else. */
export const part = (id: string): string => {
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..')
    throw new TypeError(`An id is needed, not ${JSON.stringify(id)}.`);
  return encodeURIComponent(id);
};

export const get = <Answer>(transport: Transport, path: string, options?: CallOptions, query?: QueryValues) =>
  transport.call<Answer>({ method: 'GET', path, query }, options);

export const post = <Answer>(transport: Transport, path: string, body: unknown, options?: CallOptions) =>
  transport.call<Answer>({ method: 'POST', path, body }, options);

export const remove = (transport: Transport, path: string, options?: CallOptions) =>
  transport.call<void>({ method: 'DELETE', path, answer: 'none' }, options);

export const list = <Item>(transport: Transport, path: string, query: PageQuery, options?: CallOptions) =>
  new Pages<Item>((page) => get<Page<Item>>(transport, path, options, { ...page }), query);
