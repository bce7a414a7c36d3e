import { type Browser, chromium as playwright } from 'playwright-core';

/** Chromium as npm brings it, so that the tests need no browser on the machine. */
export const startBrowser = async (): Promise<Browser> => {
  const { default: chromium } = await import('@sparticuz/chromium');
  const executablePath = await chromium.executablePath();
  const start = () => playwright.launch({ executablePath, args: browserArguments(chromium.args) });
  // Headless Chromium now and then dies while it starts on a busy machine, before it has seen any page of ours.
  return start().catch(start).catch(start);
};

/** The package's switches weaken the page's protection; the tests keep it, as users have it. */
const browserArguments = (given: readonly string[]): string[] =>
  given.filter((argument) => !/disable-web-security|allow-running-insecure|single-process|^--headless/.test(argument));
