// The list of organisations, with 120 of them, and the whole console by keyboard.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { onEveryEngine, until } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, send } from './steps.mjs';

const WORDS = ['Amber', 'Birch', 'Cobalt', 'Delta', 'Ember', 'Flint', 'Grove', 'Harbour', 'Indigo', 'Juniper', 'Kestrel', 'Lumen'];
const ALL = WORDS.flatMap((word) => Array.from({ length: 10 }, (_, index) => `${word} ${String(index).padStart(2, '0')}`));

/** All of them, ten at a time, because that is quicker. Only the one for `joined` needs its link. */
async function with120({ portal, context }, joined) {
  await asAna(portal, context);
  const orgs = ALL.map((name) => {
    const [id, slug] = [randomUUID(), name.toLowerCase().replace(' ', '-')];
    return { id, name, slug, page: `/admin/orgs/${id}`, form: { command_id: id, name, slug, owner_email: `owner@${slug}.example` } };
  });
  const rest = orgs.filter((_, index) => index !== joined);
  while (rest.length > 0) await Promise.all(rest.splice(0, 10).map(({ form }) => send(portal, context, '/admin/orgs', form)));
  const { name, slug } = orgs[joined];
  orgs[joined] = await anOrg(portal, context, { name, slug });
  return orgs;
}

const names = (page) => page.locator('tbody th a').allTextContents();

onEveryEngine('120 organisations are found, filtered, sorted and paged, and the address says how', async (story) => {
  const { portal, page, context } = story;
  const orgs = await with120(story, 60);
  await command(portal, context, `${orgs[7].page}/suspension`, { reason: 'Three invoices are unpaid.' });
  await command(portal, context, `${orgs[8].page}/archive`, { reason: 'The contract has ended.' });
  const joined = orgs[60];
  await asNewPerson(portal, joined.invitation, 'Ola', async () => {});
  const shown = ALL.filter((name) => name !== orgs[8].name);

  await page.goto(portal.at('/admin/orgs'));
  await page.getByText('119 organisations').waitFor();
  const pages = [];
  for (;;) {
    pages.push(await names(page));
    const next = page.getByRole('link', { name: 'Next' });
    if ((await next.count()) === 0) break;
    await next.click();
  }
  assert.deepEqual(pages.map((rows) => rows.length), [50, 50, 19]);
  assert.deepEqual(pages.flat(), shown, 'each stands there once, in order');
  await page.getByRole('link', { name: 'Previous' }).click();
  assert.deepEqual(await names(page), pages[1]);

  for (const [what, text, found] of [
    ['part of a name', 'birch 0', ALL.slice(10, 20)],
    ['part of a slug', 'lumen-03', ['Lumen 03']],
    ['an id', orgs[33].id.slice(0, 13), ['Delta 03']],
    ["an owner's address", 'owner@grove-05', ['Grove 05']],
    ['nothing there', 'zebra', []],
  ]) {
    await page.goto(portal.at('/admin/orgs'));
    await page.getByRole('searchbox', { name: /Name, slug, id/ }).fill(text);
    await page.waitForURL((url) => url.searchParams.get('q') === text);
    assert.deepEqual(await names(page), found, what);
  }
  await page.getByText('No organisation matches.').waitFor();

  await page.goto(portal.at('/admin/orgs'));
  await page.getByLabel('Status').selectOption('suspended');
  await page.locator('.count', { hasText: /^1 organisation$/ }).waitFor();
  assert.deepEqual(await names(page), [orgs[7].name]);
  await page.goto(portal.at('/admin/orgs?owner=none'));
  await page.getByText('118 organisations').waitFor();

  await page.goto(portal.at('/admin/orgs'));
  await page.getByRole('link', { name: 'Members' }).click();
  await page.getByRole('link', { name: 'Members' }).click();
  assert.equal((await names(page))[0], joined.name);
  await page.getByRole('link', { name: 'Name' }).click();
  await page.getByRole('link', { name: 'Name' }).click();
  await page.waitForURL((url) => url.searchParams.get('sort') === '-name');
  assert.deepEqual(await names(page), shown.toReversed().slice(0, 50));
  const other = await context.newPage();
  await other.goto(page.url());
  assert.deepEqual(await names(other), await names(page), 'the address alone says it all');
});

onEveryEngine('an organisation is found, and another created, without a mouse', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const { keyboard } = page;
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
  await page.goto(portal.at('/admin/orgs'));
  await keyboard.press('/');
  await keyboard.type('acm');
  await keyboard.press('Enter');
  await until('the first row found has the focus', 2_000, async () => (await focused()) === 'Acme');
  assert.equal(new URL(page.url()).searchParams.get('q'), 'acm');
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Acme' }).waitFor();

  await page.goto(portal.at('/admin/orgs'));
  await keyboard.press('j');
  assert.equal(await focused(), 'Acme');
  await page.reload();
  await keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  assert.equal(await focused(), 'New organisation', 'one step after skipping');
  await keyboard.press('Enter');
  await page.waitForURL('**/admin/orgs/new');
  await page.locator('#field-name').focus();
  await keyboard.type('By Hand');
  await page.getByText('by-hand is available').waitFor();
  for (const expected of ['slug', 'owner_email']) {
    await keyboard.press('Tab');
    assert.equal(await focused(), expected);
  }
  await keyboard.type('ola@hand.example');
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'By Hand' }).waitFor();
});
