import { createReadStream, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

const CONTENT_SECURITY_POLICY =
  "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** The file of `folders` (the first that has it) behind a URL path, or null. Never one outside of them. */
export const findStaticFile = (folders: readonly string[], path: string): string | null => {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (decoded.includes('\0')) return null;
  const inside = normalize(decoded === '/' ? '/index.html' : decoded);
  for (const folder of folders) {
    const file = join(folder, inside);
    if (!file.startsWith(folder + sep)) continue;
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  }
  return null;
};

export const sendStaticFile = (response: ServerResponse, file: string, method: string): void => {
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': String(statSync(file).size),
    // No file is named by a hash of what is in it, so each is asked for each time: a page never runs with yesterday's modules.
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // The page has no inline script and no inline style; what receivers answered can never become either.
    'content-security-policy': CONTENT_SECURITY_POLICY,
  });
  if (method === 'HEAD') return void response.end();
  createReadStream(file)
    .once('error', () => response.destroy())
    .pipe(response);
};
