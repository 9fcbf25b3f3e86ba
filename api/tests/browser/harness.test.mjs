// The harness itself: Chromium starts, pictures appear, barriers are found, also under our strict policy.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import { test } from 'node:test';

import { look, withPage } from './harness.mjs';

const document = (body) => `<!doctype html><html lang="en"><head><title>Hello</title>
  <meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>
  <body><main>${body}</main></body></html>`;

const dataUrl = (body) => `data:text/html,${encodeURIComponent(document(body))}`;

test('a page without barriers gets its three pictures', async () => {
  await withPage(async (page) => {
    await page.goto(dataUrl('<h1>Hello</h1><p>A page without barriers.</p>'));
    assert.equal(await page.getByRole('heading').textContent(), 'Hello');
    await look(page, 'harness');
  });
  for (const view of ['light', 'dark', 'narrow']) {
    const picture = new URL(`../../../pictures/harness-${view}.png`, import.meta.url);
    assert.ok((await stat(picture)).size > 0);
  }
});

test('a barrier is named with its rule and its place', async () => {
  await withPage(async (page) => {
    await page.goto(dataUrl('<h1>Hello</h1><img id="silent" src="data:,">'));
    await assert.rejects(look(page, 'harness-barrier'), /image-alt[\s\S]*#silent/);
  });
});

test('targets too small for a finger are barriers', async () => {
  const button = '<button style="width: 8px; height: 8px; padding: 0; font-size: 4px">x</button>';
  await withPage(async (page) => {
    await page.goto(dataUrl(`<h1>Hello</h1><p>${button}${button}</p>`));
    await assert.rejects(look(page, 'harness-barrier'), /target-size/);
  });
});

test('a page wider than a telephone is a barrier', async () => {
  await withPage(async (page) => {
    await page.goto(dataUrl('<h1>Hello</h1><div style="width: 900px">wide</div>'));
    await assert.rejects(look(page, 'harness-barrier'), /9\d\d px wide/);
  });
});

test('a strict content security policy does not keep us from looking, and a breach of it fails', async () => {
  const server = http.createServer((request, response) => {
    const policy = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'";
    const breach = request.url === '/breach' ? '<script>alert(1)</script>' : '';
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy });
    response.end(document(`<h1>Hello</h1>${breach}`));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  try {
    await withPage(async (page) => {
      await page.goto(url);
      await look(page, 'harness');
    });
    await assert.rejects(withPage((page) => page.goto(`${url}/breach`)), /without an error/);
  } finally {
    server.close();
  }
});
