import { type Browser, chromium as playwright } from 'playwright-core';

/** Chromium as npm brings it, so that the tests need no browser on the machine. */
export const startBrowser = async (): Promise<Browser> => {
  const { default: chromium } = await import('@sparticuz/chromium');
  return playwright.launch({ executablePath: await chromium.executablePath(), args: browserArguments(chromium.args) });
};

/** The package's switches weaken the page's protection; the tests keep it, as users have it. */
const browserArguments = (given: readonly string[]): string[] =>
  given.filter((argument) => !/disable-web-security|allow-running-insecure|single-process|^--headless/.test(argument));
