// A person at a browser: headless Chromium that opens an address of the provider, logs in, consents, and looks at the page
// on which that ends.
//
//   node browser.mjs '{"address": "http://…", "login": "me@example.org", "screenshot": "page.png", "code": "ABCD-EFGH"}'
//
// The code is for the device flow. Who `"refuses": true` does not consent. Prints the last page's address, title and text as JSON.

import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const errand = JSON.parse(process.argv[2]);
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

// How long a page may take on a busy machine, in milliseconds.
const PATIENCE = 120_000;

// How many pages there are at most: code, confirmation, login, consent, and one to spare.
const PAGES = 5;

const browser = await puppeteer.launch({
  executablePath,
  timeout: PATIENCE,
  args: [
    // Chromium's own sandbox is refused to root, and in many containers to anybody.
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    // Nothing but loopback is asked, be it a font of the login page.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    '--no-proxy-server',
  ],
});

// What is to be done on each page of the provider: the first whose field is there.
const steps = [
  { field: 'input[name="user_code"]:not([type="hidden"])', act: (page) => type(page, 'user_code', errand.code) },
  { field: 'input[name="login"]', act: login },
  { field: errand.refuses ? 'a[href$="/abort"]' : 'no-such-element', act: (page) => page.click('a[href$="/abort"]') },
  { field: 'button[autofocus]', act: (page) => page.click('button[autofocus]') },
  { field: 'button[type="submit"]', act: (page) => page.click('button[type="submit"]') },
];

async function type(page, name, text) {
  // The page may have spelled the field's text in advance.
  await page.$eval(`input[name="${name}"]`, (input) => { input.value = ''; });
  await page.type(`input[name="${name}"]`, text);
  await page.keyboard.press('Enter');
}

async function login(page) {
  await page.$eval('input[name="login"]', (input) => { input.value = ''; });
  await page.type('input[name="login"]', errand.login);
  await type(page, 'password', 'any');
}

async function step(page) {
  for (const { field, act } of steps) {
    if (await page.$(field)) {
      await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), act(page)]);
      return true;
    }
  }
  return false;
}

try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport({ width: 900, height: 600 });
  await page.goto(errand.address, { waitUntil: 'load' });
  for (let pages = 0; pages < PAGES && await step(page); pages += 1);
  if (errand.screenshot) {
    await page.screenshot({ path: errand.screenshot });
  }
  const text = await page.evaluate(() => document.body.innerText);
  console.log(JSON.stringify({ address: page.url(), title: await page.title(), text }));
} finally {
  await browser.close();
}
