// The console as of a moment: the way there by keyboard, from change to change, and back; and without the script.

import assert from 'node:assert/strict';

import { look, onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, field, invite } from './steps.mjs';

const names = (page) => page.locator('tbody th a').allTextContents();
const at = (page) => new URL(page.url()).searchParams.get('at');

/** Two organisations: one is renamed, joined and suspended, the other comes later. Gives the position before that. */
async function aPast({ portal, page, context }) {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme International', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola Berg', async () => {});
  const project = { code: 'project', label: 'Project', description: 'What people work on together.', action: 'read', spread: 'everywhere' };
  await command(portal, context, '/admin/reference-data/new', project);
  await invite(portal, context, acme, 'per@acme.example', 'admin');
  await page.goto(portal.at('/admin/orgs'));
  const then = (await page.locator('.as-of .position').textContent()).slice(1);
  await command(portal, context, `${acme.page}/name`, { name: 'Acme Worldwide' });
  await command(portal, context, '/admin/reference-data/project/label', { label: 'Undertaking' });
  await command(portal, context, `${acme.page}/suspension`, { reason: 'Three invoices are unpaid since May.' });
  await anOrg(portal, context, { name: 'Borealis Foods', slug: 'borealis' });
  return { acme, then };
}

onEveryEngine('somebody looks at the past by keyboard, walks through it, and comes back', async (story) => {
  const { portal, page } = story;
  const { then } = await aPast(story);
  await page.goto(portal.at('/admin/orgs?sort=-name'));
  assert.deepEqual(await names(page), ['Borealis Foods', 'Acme Worldwide']);
  await page.getByText('As of …').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type(`#${then}`);
  await page.keyboard.press('Enter');
  await page.getByText('This is how it was at').waitFor();
  assert.deepEqual(await names(page), ['Acme International']);
  assert.equal(new URL(page.url()).searchParams.get('sort'), '-name');
  assert.equal(await page.getByRole('link', { name: 'New organisation' }).count(), 0);

  const next = page.getByRole('link', { name: 'Event after' });
  const place = await next.boundingBox();
  await next.click();
  await page.waitForURL((url) => url.searchParams.get('at') === String(Number(then) + 1));
  assert.deepEqual(await names(page), ['Acme Worldwide']);
  assert.deepEqual(await next.boundingBox(), place, 'the button stays under the pointer');
  await page.getByRole('link', { name: 'Event before' }).click();
  await page.waitForURL((url) => url.searchParams.get('at') === then);

  await page.getByRole('searchbox', { name: /at that time/ }).fill('international');
  await page.waitForURL((url) => url.searchParams.get('q') === 'international' && url.searchParams.get('at') === then);
  assert.deepEqual(await names(page), ['Acme International'], 'typing searches the past');

  await page.getByRole('link', { name: 'Acme International' }).click();
  await page.getByRole('heading', { level: 1, name: /Acme International/ }).waitFor();
  for (const tab of ['Members', 'Resource types', 'History', 'Operator access', 'Overview']) {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: tab }).click();
    await page.waitForURL((url) => url.searchParams.get('at') === then);
  }
  const changed = page.getByRole('table', { name: 'What differs from now' }).getByRole('row');
  assert.match(await changed.filter({ hasText: 'name' }).first().textContent(), /Acme International.*Acme Worldwide/);
  await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Reference data' }).click();
  await page.waitForURL((url) => url.pathname === '/admin/reference-data' && url.searchParams.get('at') === then);
  await page.getByRole('link', { name: 'Back to now' }).click();
  await page.waitForURL((url) => url.search === '');
  await page.getByRole('link', { name: 'Undertaking' }).waitFor();
});

onEveryEngine('the past is there without the script', async (story) => {
  const { then } = await aPast(story);
  const cookies = await story.context.cookies();
  await withPage(async (page, context) => {
    await context.addCookies(cookies);
    await page.goto(story.portal.at('/admin/superadmins'));
    await page.getByText('As of …').click();
    await field(page, 'Position or time').fill(then);
    await page.getByRole('button', { name: 'Show how it was' }).click();
    await page.getByText('This is how it was at').waitFor();
    assert.equal(at(page), then);
    await page.getByText('1 superadmin and 0 auditors.').waitFor();
  }, { javaScriptEnabled: false });
}, { engines: ['sqlite'] });

onEveryEngine('the past has no barriers', async (story) => {
  const { portal, page } = story;
  const { acme, then } = await aPast(story);
  for (const [name, place] of Object.entries({
    orgs: '/admin/orgs',
    org: acme.page,
    members: `${acme.page}/members`,
    types: `${acme.page}/resource-types`,
    history: `${acme.page}/history`,
    access: `${acme.page}/access`,
    'reference-data': '/admin/reference-data',
    project: '/admin/reference-data/project',
    superadmins: '/admin/superadmins',
  })) {
    await page.goto(portal.at(`${place}?at=${then}`));
    await look(page, `then-${name}`);
  }
  await page.goto(portal.at(`${acme.page}?at=0`));
  await look(page, 'then-nothing');
  await page.goto(portal.at('/admin/orgs'));
  await page.getByText('As of …').click();
  await look(page, 'then-way');
}, { engines: ['sqlite'] });
