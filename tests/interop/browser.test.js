// Headless Chromium goes through the pages of the reference host, as a person would.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startHost } from './programs.js';
import { alice } from './user_agent.js';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
// Nobody is looked up: everything here is on loopback.
const quiet = ['--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];

let host;
let browser;
before(async () => {
  host = await startHost();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: [...flags, ...quiet] });
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

for (const javaScriptEnabled of [true, false]) {
  describe(`Chromium, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => {
    let context;
    let complaints;
    beforeEach(async () => {
      context = await browser.newContext({ javaScriptEnabled });
      context.setDefaultTimeout(10_000);
      complaints = [];
    });
    afterEach(() => context.close());

    /** A tab whose complaints are collected: of the console, of scripts and of the policy. */
    const tab = async () => {
      const page = await context.newPage();
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure().errorText}`));
      return page;
    };
    const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
    const shows = (page, text) => page.getByText(text).first().waitFor();
    const signIn = async (page, password = alice.password) => {
      await page.getByLabel('Username').fill(alice.username);
      await page.getByLabel('Password').fill(password);
      await press(page, 'Sign in');
    };
    /** From the client's page to the server's, as far as consent. */
    const askForConsent = async (page) => {
      await page.goto(`${host.issuer}/`);
      await press(page, 'Sign in');
      await signIn(page);
      await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    };
    const invalid = 'This page is no longer valid';

    test('a person signs in, consents to less than was asked, and signs out', async () => {
      const page = await tab();
      await page.goto(`${host.issuer}/`);
      await press(page, 'Sign in');
      await signIn(page, 'not the password');
      await shows(page, 'Wrong username or password.');
      // Chromium reports the status; a wrong password is no more than that.
      assert.deepEqual(complaints.splice(0).filter((text) => !/status of 401/.test(text)), []);

      await signIn(page);
      await shows(page, 'Notes on this computer');
      await shows(page, 'You will be sent to 127.0.0.1');
      await page.getByLabel('Add and change your notes').uncheck();
      await press(page, 'Allow');
      await shows(page, 'You are signed in, and the application was granted: openid read.');
      // The fragment is what the server's redirect left.
      assert.equal(page.url(), `${host.issuer}/#_`);

      await press(page, 'Call the resource');
      await shows(page, 'The resource answered 200');
      const before = await page.getByText('The application has the access token').innerText();
      await press(page, 'Refresh');
      await shows(page, 'The application has refreshed its tokens.');
      assert.notEqual(await page.getByText('The application has the access token').innerText(), before);
      await press(page, 'Call the resource');
      await shows(page, 'The resource answered 200');
      await press(page, 'Sign out');
      await shows(page, 'the server has revoked the grant');
      assert.deepEqual(complaints, []);
    });

    test('nothing is allowed if nothing is ticked', async () => {
      const page = await tab();
      await askForConsent(page);
      await page.getByLabel('Know who you are').uncheck();
      await page.getByLabel('Read your notes').uncheck();
      await page.getByLabel('Add and change your notes').uncheck();
      await press(page, 'Allow');
      await shows(page, 'Choose at least one, or refuse.');
      await press(page, 'Refuse');
      await shows(page, 'That did not work: the server said access_denied.');
      assert.deepEqual(complaints, []);
    });

    test('cookies are out of reach of scripts and of other sites', async () => {
      const page = await tab();
      await askForConsent(page);
      const cookies = await context.cookies();
      assert.deepEqual(cookies.map(({ name }) => name).sort(), ['symbolon-application', 'symbolon-browser', 'symbolon-session']);
      for (const cookie of cookies) {
        assert.equal(cookie.httpOnly, true, cookie.name);
        assert.equal(cookie.sameSite, 'Lax', cookie.name);
        assert.equal(cookie.domain, '127.0.0.1', cookie.name);
      }
      if (javaScriptEnabled) assert.equal(await page.evaluate(() => document.cookie), '');
    });

    test('no page is shown in a frame', async () => {
      const page = await tab();
      await askForConsent(page);
      const framed = [page.url(), `${host.issuer}/`, `${host.issuer}/authorize`];
      const html = framed.map((url) => `<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>`).join('');
      const elsewhere = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(html));
      elsewhere.listen(0, '127.0.0.1');
      await once(elsewhere, 'listening');
      await context.route(`${host.issuer}/framing`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
      try {
        // From another site, and from the host's own.
        for (const url of [`http://127.0.0.1:${elsewhere.address().port}/`, `${host.issuer}/framing`]) {
          complaints.length = 0;
          await page.goto(url);
          assert.equal(page.frames().length, 1 + framed.length);
          for (const frame of page.frames().slice(1)) assert.equal(frame.url(), 'chrome-error://chromewebdata/');
          assert.equal(complaints.filter((text) => /frame-ancestors 'none'/.test(text)).length, framed.length, complaints.join('\n'));
        }
      } finally {
        elsewhere.close();
      }
    });

    test('the way back after a decision leads to a page that says so', async () => {
      const page = await tab();
      await askForConsent(page);
      await press(page, 'Allow');
      await shows(page, 'You are signed in, and the application was granted: openid read write.');
      const response = await page.goBack();
      await shows(page, invalid);
      assert.equal(response.status(), 400);
      await shows(page, 'this sign-in is already finished');
    });

    test('two tabs decide the same request, and one code comes of it', async () => {
      const [one, other] = [await tab(), await tab()];
      let codes = 0;
      context.on('request', (request) => (codes += /\/demo\/callback\?.*code=/.test(request.url()) ? 1 : 0));
      await askForConsent(one);
      await other.goto(one.url());
      await other.getByRole('heading', { name: 'Allow access?' }).waitFor();
      await Promise.all([press(one, 'Allow'), press(other, 'Allow')]);
      const either = (page) => page.getByRole('heading', { name: /symbolon, demonstrated|no longer valid/ }).innerText();
      assert.deepEqual([await either(one), await either(other)].sort(), [invalid, 'symbolon, demonstrated']);
      assert.equal(codes, 1);
    });
  });
}
